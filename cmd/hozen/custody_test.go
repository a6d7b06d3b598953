package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"testing"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/custody"
)

// What show --json prints is the line that was signed, with members that this
// version does not know.
func TestShowEntryAsSigned(t *testing.T) {
	const line = `{"format":"hozen-custody/1","case":"IR-1","later":{"a":[1,"<&>\u00fc"]}}`
	var out bytes.Buffer
	app := &cli.App{JSON: true, Out: &out}
	if err := showEntry(app, custody.Record{Raw: []byte(line + "\n\n\u2014 key AAAA\n")}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != line+"\n" {
		t.Errorf("got %s", got)
	}
}

// A log that can't be read is none that failed its check.
func TestUnreadableLog(t *testing.T) {
	for err, want := range map[error]cli.Code{
		fmt.Errorf("entry 1: %w", custody.ErrDamaged): cli.VerifyFailed, fmt.Errorf("entry 1: %w", fs.ErrInvalid): cli.Failed,
	} {
		if got := cli.CodeOf(unreadable(err)); got != want {
			t.Errorf("%v: exit code %d, want %d", err, got, want)
		}
	}
}
