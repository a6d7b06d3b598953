package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// one returns a program of which the command "do" runs f.
func one(f func(app *App, cmd *cobra.Command, args []string) error) Program {
	return Program{
		Root: func(*App) *cobra.Command { return &cobra.Command{Use: "prog", Short: "s", Example: "prog do"} },
		Commands: []Constructor{func(app *App) *cobra.Command {
			c := &cobra.Command{Use: "do", Short: "s", Example: "prog do", Args: cobra.MaximumNArgs(1),
				RunE: func(cmd *cobra.Command, args []string) error { return f(app, cmd, args) }}
			c.Flags().String("must", "", "a required flag")
			c.Flags().StringArray("list", nil, "values")
			return c
		}},
	}
}

func runDo(t *testing.T, err error, args ...string) (int, string) {
	t.Helper()
	var stderr bytes.Buffer
	p := one(func(*App, *cobra.Command, []string) error { return err })
	code := Main(p, append([]string{"do"}, args...), strings.NewReader(""), io.Discard, &stderr)
	return code, stderr.String()
}

func TestExitCodes(t *testing.T) {
	plain := errors.New("open a\x1b[2J: gone")
	for _, c := range []struct {
		name   string
		err    error
		code   int
		stderr string
	}{
		{"done", nil, 0, ""},
		{"plain", plain, 1, "error: open a\\x1b[2J: gone\n"},
		{"hint", WithHint(plain, "look again"), 1, "error: open a\\x1b[2J: gone\nhint: look again\n"},
		{"hint over code", WithHint(WithCode(VerifyFailed, plain), "h"), 4, "error: open a\\x1b[2J: gone\nhint: h\n"},
		{"code over hint", WithCode(VerifyFailed, WithHint(plain, "h")), 4, "error: open a\\x1b[2J: gone\nhint: h\n"},
		{"wrapped", fmt.Errorf("b: %w", WithCode(VerifyFailed, plain)), 4, "error: b: open a\\x1b[2J: gone\n"},
		{"gaps", WithCode(Gaps, errors.New("2 items denied")), 3, "gaps: 2 items denied\n"},
		{"findings", Ended(Findings), 5, ""},
		{"silent gaps", Ended(Gaps), 3, ""},
		{"ended well", Ended(OK), 0, ""},
		{"no error", WithCode(Gaps, WithHint(nil, "h")), 0, ""},
		{"bad flag", BadFlag("key", plain), 2, "error: --key: open a\\x1b[2J: gone\nhint: run 'prog do --help'\n"},
		{"bad flag, code and hint kept", BadFlag("key", WithHint(WithCode(Failed, plain), "h")), 1, "error: --key: open a\\x1b[2J: gone\nhint: h\n"},
		{"no bad flag", BadFlag("key", nil), 0, ""},
		{"bad flag, broken off", BadFlag("key", context.Canceled), 1, "error: context canceled\n"},
		{"usage", Usagef("no such %s", "thing"), 2, "error: no such thing\nhint: run 'prog do --help'\n"},
		{"joined", errors.Join(errors.New("a"), errors.New("b\nerror: c")), 1, "error: a\nerror: b\\x0aerror: c\n"},
		{"two wrapped", fmt.Errorf("%w and %w", plain, plain), 1, "error: open a\\x1b[2J: gone and open a\\x1b[2J: gone\n"},
	} {
		code, stderr := runDo(t, c.err)
		if code != c.code || stderr != c.stderr {
			t.Errorf("%s: exit %d with %q, want %d with %q", c.name, code, stderr, c.code, c.stderr)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, args := range [][]string{{"--nope"}, {"a", "b"}, {"--must"}, {"--json=x"}} {
		if code, _ := runDo(t, nil, args...); code != 2 {
			t.Errorf("prog do %q: exit %d, want 2", args, code)
		}
	}
}

func TestRequiredFlagIsWrongUseAndComesFromTheEnvironment(t *testing.T) {
	p := one(func(app *App, cmd *cobra.Command, _ []string) error {
		list, _ := cmd.Flags().GetStringArray("list")
		fmt.Fprint(app.Out, cmd.Flag("must").Value, list)
		return nil
	})
	inner := p.Commands[0]
	p.Commands[0] = func(app *App) *cobra.Command {
		c := inner(app)
		_ = c.MarkFlagRequired("must")
		return c
	}
	var out bytes.Buffer
	if code := Main(p, []string{"do"}, nil, &out, io.Discard); code != 2 {
		t.Errorf("without the flag: exit %d, want 2", code)
	}
	t.Setenv("HOZEN_MUST", "a,b")
	t.Setenv("HOZEN_LIST", "x,1\ny\n")
	if code := Main(p, []string{"do"}, nil, &out, io.Discard); code != 0 || out.String() != "a,b [x,1 y]" {
		t.Errorf("exit %d, %q", code, out.String())
	}
}

func TestPanicIsAFailureNotWrongUse(t *testing.T) {
	var stderr bytes.Buffer
	p := one(func(*App, *cobra.Command, []string) error { panic("bad \x1b") })
	if code := Main(p, []string{"do"}, nil, io.Discard, &stderr); code != 1 || !strings.HasPrefix(stderr.String(), `error: internal error: bad \x1b`) {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestFullOutputIsAFailure(t *testing.T) {
	const lost = "error: writing output: no space left\n"
	for _, c := range []struct {
		end    error
		code   int
		stderr string
	}{
		{nil, 1, lost},
		{Ended(Gaps), 1, lost}, // exit 3 would say that all that could be had was printed
		{Ended(Findings), 1, lost},
		{WithCode(VerifyFailed, errors.New("bad")), 4, "error: bad\n"},
	} {
		var stderr bytes.Buffer
		p := one(func(app *App, _ *cobra.Command, _ []string) error { fmt.Fprintln(app.Out, "x"); return c.end })
		if code := Main(p, []string{"do"}, nil, full{}, &stderr); code != c.code || stderr.String() != c.stderr {
			t.Errorf("%v: exit %d: %q", c.end, code, stderr.String())
		}
	}
}

// A name of a million bytes must not fill the terminal.
func TestMessagesAreBounded(t *testing.T) {
	name := strings.Repeat("\x1b", 1<<20)
	_, stderr := runDo(t, WithHint(errors.New(name), name))
	if lines := strings.SplitAfter(stderr, "\n"); len(lines) != 3 || len(lines[0]) > shortMax+100 || len(lines[1]) > shortMax+100 {
		t.Errorf("%d lines, %d bytes", len(lines), len(stderr))
	}
	var notes bytes.Buffer
	app := newApp(Program{}, nil, io.Discard, &notes)
	app.Warnf("%s is odd", name)
	if notes.Len() > shortMax+100 || !strings.HasSuffix(notes.String(), " is odd\n") {
		t.Errorf("a warning of %d bytes", notes.Len())
	}
}

func TestEmit(t *testing.T) {
	var out bytes.Buffer
	app := newApp(Program{}, nil, &out, io.Discard)
	in := map[string]string{"path": "a\x1b\u009b\u202e<&>\u007f\U000e0041é"}
	if err := app.Emit(in); err != nil {
		t.Fatal(err)
	}
	want := `{"path":"a\u001b\u009b\u202e<&>\u007f\udb40\udc41é"}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	var back map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || !cmp.Equal(in, back) {
		t.Errorf("read back as %q, %v", back, err)
	}
}

func TestPassphraseFile(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ content, want string }{
		{"secret\n", "secret"}, {"secret", "secret"}, {"se cret\r\nrest", "se cret"},
		{"", ""}, {"\n", ""}, {strings.Repeat("x", passphraseMax) + "\n", strings.Repeat("x", passphraseMax)},
		{strings.Repeat("x", passphraseMax+1), ""},
	} {
		file := filepath.Join(dir, "p")
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		app := newApp(Program{}, nil, io.Discard, io.Discard)
		app.passFile = file
		got, err := app.Passphrase(t.Context(), "p", true)
		if string(got) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%.20q: %.20q, %v", c.content, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "xxx") {
			t.Errorf("the error holds the passphrase: %v", err)
		}
	}
	app := newApp(Program{}, strings.NewReader("one\ntwo\n"), io.Discard, io.Discard)
	app.passFile = "-"
	for _, want := range []string{"one", "two"} {
		if got, err := app.Passphrase(t.Context(), "p", false); err != nil || string(got) != want {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestProgressText(t *testing.T) {
	start := time.Now()
	p := &Progress{start: start, now: func() time.Time { return start.Add(4 * time.Second) }}
	for _, c := range []struct {
		items, bytes, totalItems, totalBytes int64
		want                                 string
	}{
		{0, 0, 0, 0, "0 items"},
		{1203, 400e6, 40000, 1000e6, "1,203 of 40,000 items, 400.0 MB of 1.0 GB, 100.0 MB/s, 6s left"},
		{100, 0, 200, 0, "100 of 200 items, 4s left"},
		{7, 999, 0, 0, "7 items, 999 B, 249 B/s"},
		{0, 400e6, 0, 1000e6, "400.0 MB of 1.0 GB, 100.0 MB/s, 6s left"},
		{300, 0, 200, 0, "300 of 200 items"},
	} {
		p.items.Store(c.items)
		p.bytes.Store(c.bytes)
		p.SetTotal(c.totalItems, c.totalBytes)
		if got := p.text(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestProgressLinesAndSilence(t *testing.T) {
	var stderr bytes.Buffer
	app := newApp(Program{}, nil, io.Discard, &stderr)
	p := &Progress{app: app, title: "do\x1bing", start: time.Now(), now: time.Now, quit: make(chan struct{})}
	p.wg.Add(1)
	go p.lines(time.Millisecond)
	p.Add(1, 5)
	time.Sleep(50 * time.Millisecond)
	p.Done()
	p.Done()
	if !strings.HasPrefix(stderr.String(), `do\x1bing: 1 items`) {
		t.Errorf("%q", stderr.String())
	}
	for _, quiet := range []*App{{JSON: true}, {Quiet: true}} {
		if p := quiet.Progress("x"); p != nil {
			t.Error("progress is shown in spite of --json or --quiet")
		} else {
			p.Add(1, 1) // a nil Progress works
			p.SetTotal(1, 1)
			p.Done()
		}
	}
}

func TestBytesAndCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 15e8: "1.5 GB", 9e18: "9.0 EB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestLintFindsWhatIsMissing(t *testing.T) {
	p := one(nil)
	p.Commands = append(p.Commands, func(*App) *cobra.Command {
		c := &cobra.Command{Use: "bare", Run: func(*cobra.Command, []string) {}}
		c.Flags().Bool("mute", false, "")
		return c
	})
	got := strings.Join(Lint(Tree(p)), "\n")
	for _, want := range []string{"prog bare: no Short", "prog bare: no Example", "prog bare: Run is set", "--mute has no word"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if strings.Contains(got, "prog do") {
		t.Errorf("a whole command is blamed: %q", got)
	}
}

func TestHomeConfigIsReadOnlyByProgramsThatSaySo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("HOME", dir)
	if err := os.MkdirAll(filepath.Join(dir, "hozen"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hozen", "config.yaml"), []byte("must: planted\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, home := range []bool{false, true} {
		var got string
		p := one(func(_ *App, cmd *cobra.Command, _ []string) error { got = cmd.Flag("must").Value.String(); return nil })
		p.HomeConfig = home
		if code := Main(p, []string{"do"}, nil, io.Discard, io.Discard); code != 0 {
			t.Fatalf("exit %d", code)
		}
		if got != map[bool]string{true: "planted", false: ""}[home] {
			t.Errorf("HomeConfig %v: --must is %q", home, got)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	if Interrupted(ctx) {
		t.Error("interrupted before any signal")
	}
	cancel(nil)
	if Interrupted(ctx) {
		t.Error("a plain cancellation counts as a signal")
	}
}
