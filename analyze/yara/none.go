//go:build !cgo

package yara

import (
	"context"
	"io/fs"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// Available reports whether this build has YARA.
func Available() bool { return false }

// Version returns "" in a build without YARA.
func Version() string { return "" }

// Compile returns ErrNoYARA.
func Compile(context.Context, []string) (*Compiled, []FileReport, error) { return nil, nil, ErrNoYARA }

// CompileFS returns ErrNoYARA.
func CompileFS(context.Context, fs.FS, string) (*Compiled, []FileReport, error) {
	return nil, nil, ErrNoYARA
}

// Analyzer can't be made in a build without YARA.
type Analyzer struct{}

// New returns ErrNoYARA.
func New([]byte, Options) (*Analyzer, error) { return nil, ErrNoYARA }

// Close does nothing.
func (*Analyzer) Close() error { return nil }

// Name returns "yara".
func (*Analyzer) Name() string { return "yara" }

// Wants is false for every item.
func (*Analyzer) Wants(evidence.Record) bool { return false }

// Examine returns ErrNoYARA.
func (*Analyzer) Examine(context.Context, *analyze.Subject, func(analyze.Finding)) error {
	return ErrNoYARA
}
