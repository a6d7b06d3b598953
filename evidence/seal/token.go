package seal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// tokenText is what the collector signs about a time-stamp token, whose own
// signature leaves some of its bits uncovered.
func tokenText(bundle string, token []byte) string {
	sum := sha256.Sum256(token)
	return fmt.Sprintf("%s/timestamp\n%s\n", Origin(bundle), hex.EncodeToString(sum[:]))
}

// SignToken returns the signed note that binds a time-stamp token to a bundle.
func SignToken(bundle string, token []byte, s note.Signer) ([]byte, error) {
	return note.Sign(&note.Note{Text: tokenText(bundle, token)}, s)
}

// OpenToken checks the note beside a time-stamp token.
func OpenToken(signed []byte, bundle string, token []byte, v note.Verifier) error {
	text, err := OpenNote(signed, v)
	if err != nil {
		return err
	}
	if text != tokenText(bundle, token) {
		return errors.New("the token is not the one that was signed")
	}
	return nil
}
