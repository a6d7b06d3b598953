package sink

import (
	"bytes"
	"crypto/rand"
	"io"
	"testing"

	"filippo.io/age"

	"github.com/hozen-dfir/hozen/evidence/segment"
)

// TestEncryptInPlace encrypts plaintexts of sizes around age's chunks where they
// lie, for few recipients and for so many that their lines in the head need more
// than the room before the plaintext.
func TestEncryptInPlace(t *testing.T) {
	const size = 1 << 20
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for _, recipients := range []int{1, 2, 300} {
		to := make([]age.Recipient, recipients)
		for i := range to {
			to[i] = id.Recipient()
		}
		for _, n := range []int{0, 1, step - 1, step, step + 1, 5 * step, size - 1, size} {
			s := newSlab(size)
			plain := s.Buffer()[:n]
			rand.Read(plain)
			want := bytes.Clone(plain)
			stored, err := s.encrypt(plain, to)
			if err != nil {
				t.Fatal(err)
			}
			if inPlace := &stored[0] == &s.all[0]; inPlace != (recipients < 100) {
				t.Errorf("%d recipients, %d bytes: in place: %v", recipients, n, inPlace)
			}
			dec, err := age.Decrypt(bytes.NewReader(stored), id)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(dec)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d recipients, %d bytes: %d bytes came back, equal: %v, %v", recipients, n, len(got), bytes.Equal(got, want), err)
			}
		}
	}
}

// TestRoom holds the room to what a segment of the usual size needs: two hybrid
// recipients' lines and 16 bytes a chunk.
func TestRoom(t *testing.T) {
	if need := 4<<10 + segment.DefaultSize/step*16; need > segment.CipherRoom {
		t.Errorf("%d bytes are needed, %d are there", need, segment.CipherRoom)
	}
}
