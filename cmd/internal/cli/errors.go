package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Code is a program's exit code. The meanings are the same for every command.
type Code int

// The exit codes of both binaries.
const (
	OK           Code = 0 // done
	Failed       Code = 1 // failed
	Usage        Code = 2 // wrong use: flags, arguments, configuration
	Gaps         Code = 3 // done, but something asked for was not had or not read
	VerifyFailed Code = 4 // verification failed
	Findings     Code = 5 // findings, with --fail-on-findings
)

// Error is an error with an exit code and a hint.
type Error struct {
	Code Code
	Err  error  // nil: the command has said all there is to say
	Hint string // what to do next; may be empty
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("ended with code %d", e.Code)
	}
	return e.Err.Error()
}

// Unwrap implements errors.Unwrap.
func (e *Error) Unwrap() error { return e.Err }

// WithCode makes a program that ends with err exit with code; nil stays nil.
func WithCode(code Code, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Err: err, Hint: HintOf(err)}
}

// WithHint adds what to do next, keeping an exit code that err has; nil stays nil.
func WithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &Error{Code: CodeOf(err), Err: err, Hint: hint}
}

// Usagef is wrong use: exit code 2.
func Usagef(format string, args ...any) error {
	return &Error{Code: Usage, Err: fmt.Errorf(format, args...)}
}

// BadFlag is wrong use where the value of --name can't be used: what it names
// is not there, can't be read, or is not what the flag is for. What err says of
// code and hint stays, and an interruption is none; nil stays nil.
func BadFlag(name string, err error) error {
	var e *Error
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &e):
		return &Error{Code: e.Code, Err: fmt.Errorf("--%s: %w", name, err), Hint: e.Hint}
	}
	return Usagef("--%s: %w", name, err)
}

// Ended makes a program exit with code and print no more; OK gives nil.
func Ended(code Code) error {
	if code == OK {
		return nil
	}
	return &Error{Code: code}
}

// CodeOf returns the exit code that a program ending with err has.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &e):
		return e.Code
	default:
		return Failed
	}
}

// HintOf returns what err says to do next, or "".
func HintOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}

// errInterrupted is the cause of a context that Ctrl-C cancelled.
var errInterrupted = errors.New("interrupted")

// Interrupted reports whether ctx was cancelled by a signal.
func Interrupted(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), errInterrupted)
}

// printError writes err as "error:" and "hint:" lines. Its text may hold names
// an attacker chose, so it is escaped and bounded; joined errors get a line each.
func printError(w io.Writer, err error) {
	var e *Error
	if errors.As(err, &e) && e.Err == nil {
		return
	}
	word := "error"
	switch CodeOf(err) {
	case Gaps:
		word = "gaps"
	case Findings:
		word = "findings"
	}
	for _, one := range split(err) {
		fmt.Fprintf(w, "%s: %s\n", word, Short(hideSecrets(one.Error())))
	}
	if h := HintOf(err); h != "" {
		fmt.Fprintf(w, "hint: %s\n", Short(hideSecrets(h)))
	}
}

// split returns the parts of errors.Join, or err itself.
func split(err error) []error {
	var e *Error
	inner := err
	for errors.As(inner, &e) && inner == error(e) {
		inner = e.Err
	}
	if j, ok := inner.(interface{ Unwrap() []error }); ok && len(j.Unwrap()) > 0 && isJoin(inner, j.Unwrap()) {
		return j.Unwrap()
	}
	return []error{err}
}

// isJoin tells errors.Join from fmt.Errorf with several %w, whose text is more
// than its parts.
func isJoin(err error, parts []error) bool {
	return errors.Join(parts...).Error() == err.Error()
}
