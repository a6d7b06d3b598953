package cli

import (
	"bufio"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"github.com/hozen-dfir/hozen/evidence/input"
)

// passphraseMax bounds a passphrase, in bytes.
const passphraseMax = 4096

// Passphrase returns the first line of --passphrase-file, or asks at the
// terminal; twice where a new one is chosen. prompt is e.g. "Passphrase for
// keys/sign.key". A passphrase is never an argument, never in the environment,
// and never empty.
func (a *App) Passphrase(ctx context.Context, prompt string, choose bool) ([]byte, error) {
	if a.passFile != "" {
		p, err := a.passphraseFile()
		return p, BadFlag("passphrase-file", err)
	}
	tty, done, err := a.openTerminal()
	if err != nil {
		return nil, WithHint(fmt.Errorf("a passphrase is needed, and there is no terminal to ask at"),
			"give --passphrase-file FILE or set HOZEN_PASSPHRASE_FILE")
	}
	defer done()
	first, err := a.ask(ctx, tty, prompt)
	if err != nil || !choose {
		return first, err
	}
	second, err := a.ask(ctx, tty, "The same again")
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(first, second) != 1 {
		return nil, errors.New("the two passphrases differ")
	}
	return first, nil
}

// openTerminal prefers standard input where it is a terminal; it may as well
// be evidence, so the controlling terminal is the other choice.
func (a *App) openTerminal() (*os.File, func(), error) {
	if f, ok := terminal(a.In); ok {
		return f, func() {}, nil
	}
	name := "/dev/tty"
	if runtime.GOOS == "windows" {
		name = "CONIN$"
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	return f, func() { f.Close() }, nil
}

// ask reads one line without echo. A signal meanwhile puts the echo back.
func (a *App) ask(ctx context.Context, tty *os.File, prompt string) ([]byte, error) {
	a.mu.Lock()
	fmt.Fprintf(a.Err, "%s: ", Safe(prompt))
	a.mu.Unlock()
	fd := int(tty.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("asking for a passphrase: %w", err)
	}
	type answer struct {
		pass []byte
		err  error
	}
	ch := make(chan answer, 1)
	go func() { // ends with the program where a signal came first
		p, err := term.ReadPassword(fd)
		ch <- answer{p, err}
	}()
	select {
	case <-ctx.Done():
		_ = term.Restore(fd, state)
		fmt.Fprintln(a.Err)
		return nil, ctx.Err()
	case got := <-ch:
		fmt.Fprintln(a.Err)
		if got.err != nil {
			return nil, fmt.Errorf("asking for a passphrase: %w", got.err)
		}
		return checkPassphrase(got.pass, "the terminal")
	}
}

func (a *App) passphraseFile() ([]byte, error) {
	if a.passFile == "-" {
		return firstLine(a.In, "standard input")
	}
	f, err := input.Open(a.passFile)
	if err != nil {
		return nil, fmt.Errorf("reading the passphrase: %w", err)
	}
	defer f.Close()
	if st, err := os.Stat(a.passFile); err == nil && runtime.GOOS != "windows" && st.Mode().IsRegular() && st.Mode().Perm()&0o077 != 0 {
		a.Warnf("%s can be read by others than its owner", a.passFile)
	}
	return firstLine(f, a.passFile)
}

// firstLine reads up to the first line break. One byte at a time, so that a
// pipe that holds two passphrases keeps the second.
func firstLine(r io.Reader, from string) ([]byte, error) {
	br := bufio.NewReaderSize(&oneByte{r}, 16)
	var pass []byte
	for len(pass) <= passphraseMax {
		c, err := br.ReadByte()
		if err == io.EOF || c == '\n' && err == nil {
			return checkPassphrase([]byte(strings.TrimSuffix(string(pass), "\r")), from)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the passphrase from %s: %w", from, err)
		}
		pass = append(pass, c)
	}
	return nil, fmt.Errorf("the passphrase in %s is longer than %d bytes", from, passphraseMax)
}

type oneByte struct{ r io.Reader }

func (o *oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }

func checkPassphrase(p []byte, from string) ([]byte, error) {
	if len(p) == 0 {
		return nil, fmt.Errorf("the passphrase from %s is empty", from)
	}
	if len(p) > passphraseMax {
		return nil, fmt.Errorf("the passphrase from %s is longer than %d bytes", from, passphraseMax)
	}
	return p, nil
}
