package bundle

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// What an age file is made of behind its header (age-encryption.org/v1,
// "Payload"): a nonce, and chunks that are encrypted one by one. Only the last is
// shorter, and empty where it is the only one.
const (
	payloadNonce = 16
	chunkPlain   = 64 << 10
	chunkStored  = chunkPlain + chacha20poly1305.Overhead
	chunksRead   = 4 // at once
)

var errPayload = errors.New("its payload is damaged, cut short or longer than it was")

// decryptAge decrypts an age file of size bytes into buf's capacity. The header
// is age's own affair; the payload is read here, each chunk straight to its
// place: age's reader takes new memory for every chunk and copies it twice, a
// twentieth of what it costs to verify a bundle.
func decryptAge(r io.Reader, size int64, buf []byte, ids []age.Identity) ([]byte, error) {
	var seen bytes.Buffer
	head, err := age.ExtractHeader(io.TeeReader(r, &seen))
	if err != nil {
		return nil, err
	}
	key, err := age.DecryptHeader(head, ids...)
	if err != nil {
		return nil, err
	}
	r = io.MultiReader(bytes.NewReader(seen.Bytes()[len(head):]), r)
	nonce := make([]byte, payloadNonce)
	if _, err := io.ReadFull(r, nonce); err != nil {
		return nil, errPayload
	}
	if key, err = hkdf.Key(sha256.New, key, nonce, "payload", chacha20poly1305.KeySize); err != nil {
		return nil, err
	}
	return readPayload(r, size-int64(len(head)+payloadNonce), key, buf[:0])
}

// readPayload appends the plaintext of size bytes in chunks to out.
func readPayload(r io.Reader, size int64, key, out []byte) ([]byte, error) {
	chunks := (size + chunkStored - 1) / chunkStored
	if room := int64(cap(out) - len(out)); size < chacha20poly1305.Overhead || size-chunks*chacha20poly1305.Overhead > room {
		return nil, fmt.Errorf("%w: %d bytes, and room for %d", errPayload, size, room)
	}
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	var nonce [chacha20poly1305.NonceSize]byte
	in := make([]byte, chunksRead*chunkStored)
	for begin := len(out); size > 0; {
		n := min(int64(len(in)), size)
		if _, err := io.ReadFull(r, in[:n]); err != nil {
			return nil, fmt.Errorf("%w: %w", errPayload, err)
		}
		size -= n
		for b := in[:n]; len(b) > 0; {
			c := b[:min(len(b), chunkStored)]
			b = b[len(c):]
			if size == 0 && len(b) == 0 {
				nonce[len(nonce)-1] = 1 // marks the last
			}
			if out, err = aead.Open(out, nonce[:], c, nil); err != nil {
				return nil, errPayload
			}
			if len(c) == chacha20poly1305.Overhead && len(out) > begin {
				return nil, errPayload // age never ends with an empty chunk behind others
			}
			count(&nonce)
		}
	}
	return out, nil
}

// count adds one to a nonce's number, which is all but its last byte, big endian.
func count(nonce *[chacha20poly1305.NonceSize]byte) {
	for i := len(nonce) - 2; ; i-- {
		if nonce[i]++; nonce[i] != 0 || i == 0 {
			return
		}
	}
}
