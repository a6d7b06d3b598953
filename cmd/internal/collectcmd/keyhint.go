package collectcmd

import (
	"errors"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/store/open"
)

// What flags that take keys want, as a hint where they were given something
// else.
const (
	WantSigner    = "name a folder made by hozen keys new, or the sign.key in it"
	WantVerifier  = "give a verifier key (name+hash+base64), a file of them (sign.pub), or a key folder"
	WantIdentity  = "name a folder made by hozen keys new, or a file of age identities"
	WantRecipient = "give a recipient (age1…), a file of them, or a key folder"
)

// KeyError is the error of a command whose flag --name should have brought
// keys: wrong use, with the hint want; nil stays nil. A wrong passphrase is
// none: the flag was right, and the work failed.
func KeyError(name, want string, err error) error {
	switch {
	case errors.Is(err, keys.ErrPassphrase):
		return cli.BadFlag(name, cli.WithHint(err, "it is the one that was given to hozen keys new; of a passphrase file the first line counts"))
	case errors.Is(err, keys.ErrPublicOnly):
		want = "the private part never leaves its owner: name the folder that hozen keys new made, not what keys export copied from it"
	}
	err = cli.BadFlag(name, err)
	if cli.CodeOf(err) != cli.Usage || cli.HintOf(err) != "" {
		return err
	}
	return cli.WithHint(err, want)
}

// CheckAddress finds what can be no place to store at: an s3:// address that
// can't be one, or an address of another kind, which would become a folder.
func CheckAddress(where string) error {
	if where == "" {
		return nil // told elsewhere
	}
	return cli.WithHint(cli.WithCode(cli.Usage, open.Check(where)), "an address in S3 is s3://bucket/prefix")
}
