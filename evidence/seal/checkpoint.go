package seal

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxCheckpoint bounds a checkpoint file for readers.
const MaxCheckpoint = 16 << 10

// Origin is the first line of a bundle's checkpoints.
func Origin(bundle string) string { return "hozen/bundle/" + bundle }

// Checkpoint is what a signature vouches for: the root of the first Size
// leaves of the tree that Origin names (C2SP tlog-checkpoint, without
// extension lines).
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// Text is the signed text.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// Sign returns the signed note: the text and one signature.
func (c Checkpoint) Sign(s note.Signer) ([]byte, error) {
	b, err := note.Sign(&note.Note{Text: c.Text()}, s)
	if err != nil {
		return nil, fmt.Errorf("signing the checkpoint: %w", err)
	}
	return b, nil
}

// OpenCheckpoint reads a signed checkpoint and checks its one signature. The
// file must be, byte for byte, what Sign makes: nothing is ignored in it.
func OpenCheckpoint(b []byte, v note.Verifier) (Checkpoint, error) {
	text, err := OpenNote(b, v)
	if err != nil {
		return Checkpoint{}, err
	}
	return parseText(text)
}

// OpenNote checks a signed note with exactly one signature, by v, and returns
// its text. Every bit of the note counts.
func OpenNote(b []byte, v note.Verifier) (string, error) {
	if len(b) > MaxCheckpoint {
		return "", fmt.Errorf("%d bytes, at most %d", len(b), MaxCheckpoint)
	}
	n, err := note.Open(b, note.VerifierList(v))
	if err != nil {
		return "", err
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return "", errors.New("note has more than one signature")
	}
	again := n.Text + "\n— " + n.Sigs[0].Name + " " + n.Sigs[0].Base64 + "\n"
	if again != string(b) {
		return "", errors.New("note has bytes that its signature does not cover")
	}
	if raw, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64); err != nil ||
		base64.StdEncoding.EncodeToString(raw) != n.Sigs[0].Base64 {
		return "", errors.New("note's signature is not canonical base64")
	}
	return n.Text, nil
}

func parseText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, errors.New("checkpoint does not have three lines")
	}
	c := Checkpoint{Origin: lines[0]}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 1 {
		return c, fmt.Errorf("checkpoint: bad size %q", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != sha256.Size {
		return c, fmt.Errorf("checkpoint: bad root %q", lines[2])
	}
	c.Size = size
	copy(c.Root[:], root)
	if c.Text() != text {
		return c, errors.New("checkpoint is not in canonical form")
	}
	return c, nil
}

// ParseRoot reads a base64 root as it stands in leaves.
func ParseRoot(s string) (tlog.Hash, error) {
	var h tlog.Hash
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("bad root %q", s)
	}
	copy(h[:], b)
	if RootText(h) != s { // the decoder passes over line ends
		return h, fmt.Errorf("bad root %q", s)
	}
	return h, nil
}

// RootText is the form of a root in leaves.
func RootText(h tlog.Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }
