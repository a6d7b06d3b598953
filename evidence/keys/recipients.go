package keys

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/hozen-dfir/hozen/evidence/input"
)

// Limits of what is read from recipient and verifier-key files.
const (
	maxKeyFile    = 1 << 20
	maxRecipients = 100
)

// Recipients is to whom a bundle is encrypted.
type Recipients struct {
	Age  []age.Recipient
	Text []string // the recipients as text, in the same order
	IDs  []string // RecipientID of each
	Kind Kind     // of all of them
}

// ParseRecipients reads recipients: each argument is one (age1…, age1pq1…), a
// file of them, or a folder made by `keys new` or `keys export`. Repeated ones
// count once. Hybrid and classic ones together are ErrMixed.
func ParseRecipients(args []string) (*Recipients, error) {
	rs := &Recipients{}
	for _, arg := range args {
		if err := rs.add(arg); err != nil {
			return nil, err
		}
	}
	if len(rs.Age) == 0 {
		return nil, errors.New("no recipient given")
	}
	return rs, nil
}

func (rs *Recipients) add(arg string) error {
	if isRecipient(arg) {
		return rs.line(arg)
	}
	if err := unsupported(arg); err != nil {
		return err
	}
	if st, err := os.Stat(arg); err != nil {
		return fmt.Errorf("recipient %.80q is neither a recipient nor a file that can be read: %w", hideSecret(arg), bare(err))
	} else if st.IsDir() {
		return rs.folder(arg)
	}
	return rs.file(arg)
}

// folder takes the recipient that key.json describes; recipient.txt, which can
// stand alone, must be the same: whoever put another into one of them would read
// the evidence.
func (rs *Recipients) folder(dir string) error {
	name := filepath.Join(dir, recipientFile)
	f, err := ReadFacts(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return rs.file(name)
	case err != nil:
		return err
	}
	if b, err := input.Small(name, maxKeyFile); err != nil {
		return fmt.Errorf("reading recipients: %w", err)
	} else if strings.TrimSpace(string(b)) != f.Recipient {
		return fmt.Errorf("%s: %s and %s are of different keys", dir, recipientFile, factsFile)
	}
	return rs.line(f.Recipient)
}

// file takes recipients, one a line; '#' begins a comment.
func (rs *Recipients) file(name string) error {
	b, err := input.Small(name, maxKeyFile)
	if err != nil {
		return fmt.Errorf("reading recipients: %w", err)
	}
	for n, line := range bytes.Split(b, []byte("\n")) {
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		if err := rs.line(text); err != nil {
			return fmt.Errorf("%s, line %d: %w", name, n+1, err)
		}
	}
	return nil
}

func isRecipient(s string) bool {
	return strings.HasPrefix(s, "age1pq1") || strings.HasPrefix(s, "age1") && !strings.ContainsAny(s[4:], "1/.")
}

// unsupported explains the kinds that age knows and hozen does not take.
func unsupported(s string) error {
	switch {
	case strings.HasPrefix(s, "ssh-"):
		return errors.New("SSH keys are not supported as recipients: use an age recipient (hozen keys new)")
	case strings.HasPrefix(s, "AGE-SECRET-KEY-") || strings.HasPrefix(s, "AGE-PLUGIN-"):
		return errors.New("this is a private age identity; its recipient (age1…) is wanted. A secret on a command line is no longer one: make a new key")
	case strings.HasPrefix(s, "age1") && !strings.ContainsAny(s, "/."):
		return errors.New("age plugin recipients are not supported: use an age recipient (hozen keys new)")
	}
	return nil
}

func (rs *Recipients) line(text string) error {
	var r age.Recipient
	var kind Kind
	var err error
	switch {
	case strings.HasPrefix(text, "age1pq1"):
		kind = Hybrid
		r, err = age.ParseHybridRecipient(text)
	case isRecipient(text):
		kind = Classic
		r, err = age.ParseX25519Recipient(text)
	default:
		if strings.HasPrefix(text, "AGE-SECRET-KEY-") {
			return errors.New("this is a private key file; the recipient's public file is wanted (recipient.txt beside it)")
		}
		if err := unsupported(text); err != nil {
			return err
		}
		return errors.New("not an age recipient (age1… or age1pq1…)")
	}
	if err != nil {
		return fmt.Errorf("malformed age recipient: %w", err)
	}
	if rs.Kind != "" && rs.Kind != kind {
		return ErrMixed
	}
	if slices.Contains(rs.Text, text) {
		return nil
	}
	if len(rs.Age) == maxRecipients {
		return fmt.Errorf("more than %d recipients", maxRecipients)
	}
	rs.Kind = kind
	rs.Age, rs.Text, rs.IDs = append(rs.Age, r), append(rs.Text, text), append(rs.IDs, RecipientID(text))
	return nil
}

// hideSecret keeps a secret that was given in the wrong place out of messages.
func hideSecret(s string) string {
	if up := strings.ToUpper(s); strings.Contains(up, "SECRET-KEY") || strings.Contains(up, "PRIVATE+KEY") {
		return "(a private key)"
	}
	return s
}

// bare drops the path from an error, where the message has it already or where
// it may be a secret.
func bare(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
