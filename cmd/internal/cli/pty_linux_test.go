package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pty returns a terminal, its other side, and what was shown on it so far.
func pty(t *testing.T) (tty, keys *os.File, shown func() string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals here: ", err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var buf bytes.Buffer
	go func() {
		p := make([]byte, 4096)
		for {
			n, err := master.Read(p)
			mu.Lock()
			buf.Write(p[:n])
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { tty.Close(); master.Close() })
	return tty, master, func() string {
		mu.Lock()
		defer mu.Unlock()
		return buf.String()
	}
}

func waitFor(t *testing.T, shown func() string, want string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !strings.Contains(shown(), want); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%q is not shown in %q", want, shown())
		}
	}
}

func TestPassphraseAtTheTerminal(t *testing.T) {
	for _, c := range []struct {
		typed  []string
		choose bool
		want   string
	}{
		{[]string{"secret"}, false, "secret"},
		{[]string{"secret", "secret"}, true, "secret"},
		{[]string{"secret", "secrets"}, true, ""},
		{[]string{""}, false, ""},
	} {
		tty, keys, shown := pty(t)
		app := newApp(Program{}, tty, io.Discard, tty)
		go func() {
			for i, line := range c.typed {
				waitFor(t, shown, []string{"Passphrase: ", "The same again: "}[i])
				time.Sleep(50 * time.Millisecond) // until the echo is off
				fmt.Fprintf(keys, "%s\r", line)
			}
		}()
		got, err := app.Passphrase(t.Context(), "Passphrase", c.choose)
		if string(got) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q: %q, %v", c.typed, got, err)
		}
		if strings.Contains(shown(), "secret") {
			t.Errorf("the passphrase is shown: %q", shown())
		}
	}
}

func TestPassphrasePromptEndsAtASignal(t *testing.T) {
	tty, _, shown := pty(t)
	before, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	app := newApp(Program{}, tty, io.Discard, tty)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { waitFor(t, shown, "Passphrase: "); time.Sleep(50 * time.Millisecond); cancel() }()
	if _, err := app.Passphrase(ctx, "Passphrase", false); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	after, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil || after.Lflag != before.Lflag {
		t.Errorf("the terminal's echo is not put back: %v", err)
	}
}

// Where no bar can be drawn, lines tell how far the work is.
func TestNoBarOnDumbTerminals(t *testing.T) {
	for _, c := range []struct {
		term string
		size unix.Winsize
		bar  bool
	}{
		{"dumb", unix.Winsize{Row: 24, Col: 120}, false},
		{"vt100", unix.Winsize{}, false},
		{"vt100", unix.Winsize{Row: 24, Col: 120}, true},
	} {
		t.Setenv("TERM", c.term)
		tty, _, _ := pty(t)
		if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &c.size); err != nil {
			t.Fatal(err)
		}
		p := newApp(Program{}, nil, io.Discard, tty).Progress("collecting")
		if got := p.bars != nil; got != c.bar {
			t.Errorf("%+v: a bar: %v", c, got)
		}
		p.Done()
	}
}

func TestProgressBar(t *testing.T) {
	t.Setenv("TERM", "vt100")
	tty, _, shown := pty(t)
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 120}); err != nil {
		t.Fatal(err)
	}
	app := newApp(Program{}, nil, io.Discard, tty)
	p := app.Progress("collecting")
	p.SetTotal(200, 4000)
	p.Add(100, 1000)
	waitFor(t, shown, "100 of 200 items, 1.0 kB of 4.0 kB")
	app.Notef("a note %s", "\x1b[2J")
	waitFor(t, shown, `a note \x1b[2J`)
	p.Add(500, 9000) // more than was thought
	waitFor(t, shown, "600 of 200 items")
	p.Done()
	app.Notef("after")
	waitFor(t, shown, "after")
}
