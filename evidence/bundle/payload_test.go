package bundle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// byAge is what age's own reader says.
func byAge(file []byte, id age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(file), id)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// sealChunks encrypts chunks of the given sizes as an age file does, marking the
// one at last as the last.
func sealChunks(t *testing.T, key []byte, last int, sizes ...int) (file, plain []byte) {
	t.Helper()
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range sizes {
		var nonce [chacha20poly1305.NonceSize]byte
		binary.BigEndian.PutUint64(nonce[3:], uint64(i))
		if i == last {
			nonce[11] = 1
		}
		c := bytes.Repeat([]byte{byte(i + 1)}, n)
		file, plain = aead.Seal(file, nonce[:], c, nil), append(plain, c...)
	}
	return file, plain
}

// TestPayload compares with age's reader on files of all kinds of length, whole,
// cut, longer and with bytes changed: both give the same bytes, or both refuse.
func TestPayload(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, chunkPlain - 1, chunkPlain, chunkPlain + 1, 2 * chunkPlain, 4 * chunkPlain, 4*chunkPlain + 1, 9*chunkPlain - 5} {
		plain := bytes.Repeat([]byte("0123456"), n/7+1)[:n]
		var file bytes.Buffer
		w, err := age.Encrypt(&file, id.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		whole := file.Bytes()
		same := func(what string, b []byte) {
			t.Helper()
			want, werr := byAge(b, id)
			got, err := decryptAge(bytes.NewReader(b), int64(len(b)), make([]byte, 0, n+1), []age.Identity{id})
			if (err == nil) != (werr == nil) || err == nil && !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %s: %d bytes, %v; age says %d, %v", n, what, len(got), err, len(want), werr)
			}
		}
		same("whole", whole)
		if got, err := decryptAge(bytes.NewReader(whole), int64(len(whole)), make([]byte, 0, n), []age.Identity{id}); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %d, %v", n, len(got), err)
		}
		for _, cut := range []int{1, 15, 16, 17, chunkPlain, chunkStored, chunkStored + 1, len(whole) / 2, len(whole) - 1, len(whole)} {
			if cut <= len(whole) {
				same(fmt.Sprintf("without its last %d bytes", cut), whole[:len(whole)-cut])
			}
		}
		for _, more := range []int{1, 16, chunkStored} {
			same(fmt.Sprintf("with %d bytes more", more), append(bytes.Clone(whole), make([]byte, more)...))
		}
		for at := 0; at < len(whole); at += max(1, len(whole)/41) {
			b := bytes.Clone(whole)
			b[at] ^= 4
			same(fmt.Sprintf("changed at %d", at), b)
		}
	}
}

// TestPayloadChunks: chunks where age writes none are refused, and so is a file
// for which there is no room, before anything is read.
func TestPayloadChunks(t *testing.T) {
	key := bytes.Repeat([]byte{7}, chacha20poly1305.KeySize)
	for name, c := range map[string]struct {
		good  bool
		last  int
		sizes []int
	}{
		"three": {true, 2, []int{chunkPlain, chunkPlain, 5}}, "one": {true, 0, []int{3}}, "an empty one": {true, 0, []int{0}},
		"empty last":  {false, 1, []int{chunkPlain, 0}},
		"no last":     {false, -1, []int{chunkPlain, 5}},
		"last first":  {false, 0, []int{chunkPlain, 5}},
		"short first": {false, 1, []int{5, chunkPlain}},
	} {
		file, plain := sealChunks(t, key, c.last, c.sizes...)
		got, err := readPayload(bytes.NewReader(file), int64(len(file)), key, make([]byte, 0, len(plain)))
		if (err == nil) != c.good || c.good && !bytes.Equal(got, plain) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if len(plain) == 0 {
			continue
		}
		if _, err := readPayload(nil, int64(len(file)), key, make([]byte, 0, len(plain)-1)); err == nil {
			t.Errorf("%s: taken without room", name)
		}
	}
}
