package quic

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
)

// version is what differs between the versions of QUIC.
type version struct {
	initial byte // packet type of an Initial
	salt    string
	prefix  string // of the labels of keys
}

// versionOf knows version 1 (RFC 9001), version 2 (RFC 9369) and the drafts
// that were widely in use. ok is false for others.
func versionOf(v uint32) (version, bool) {
	switch {
	case v == 1:
		return version{0, "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a", "quic "}, true
	case v == 0x6b3343cf:
		return version{1, "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9", "quicv2 "}, true
	case v >= 0xff00001d && v <= 0xff000020: // drafts 29 to 32
		return version{0, "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99", "quic "}, true
	case v >= 0xff000017 && v <= 0xff00001c: // drafts 23 to 28
		return version{0, "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02", "quic "}, true
	}
	return version{}, false
}

// keys open the Initial packets that a client sends.
type keys struct {
	aead cipher.AEAD
	iv   []byte
	mask cipher.Block // of header protection
}

// clientKeys derives them from the destination connection id of the client's
// first packet.
func clientKeys(v version, id []byte) (*keys, error) {
	secret, err := hkdf.Extract(sha256.New, id, []byte(v.salt))
	if err != nil {
		return nil, err
	}
	client, err := expand(secret, "client in", sha256.Size)
	if err != nil {
		return nil, err
	}
	var out [3][]byte
	for i, label := range [3]string{"key", "iv", "hp"} {
		n := 16
		if label == "iv" {
			n = 12
		}
		if out[i], err = expand(client, v.prefix+label, n); err != nil {
			return nil, err
		}
	}
	block, err := aes.NewCipher(out[0])
	if err != nil {
		return nil, err
	}
	k := &keys{iv: out[1]}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	k.mask, err = aes.NewCipher(out[2])
	return k, err
}

// expand is HKDF-Expand-Label without a context (RFC 8446 section 7.1).
func expand(secret []byte, label string, n int) ([]byte, error) {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(append(info, "tls13 "...), label...)
	return hkdf.Expand(sha256.New, secret, string(append(info, 0)), n)
}

// open takes the protection off a packet (RFC 9001 section 5.4) whose number
// begins at pn, and returns its frames. packet is not changed.
func (k *keys) open(packet []byte, pn int) ([]byte, bool) {
	const sample = 16
	if len(packet) < pn+4+sample {
		return nil, false
	}
	var mask [sample]byte
	k.mask.Encrypt(mask[:], packet[pn+4:pn+4+sample])
	head := append([]byte(nil), packet[:pn+4]...)
	head[0] ^= mask[0] & 0x0f
	n := int(head[0]&3) + 1
	nonce := append([]byte(nil), k.iv...)
	for i := range n { // the first packets have small numbers, sent whole
		head[pn+i] ^= mask[1+i]
		nonce[len(nonce)-n+i] ^= head[pn+i]
	}
	out, err := k.aead.Open(nil, nonce, packet[pn+n:], head[:pn+n])
	return out, err == nil
}
