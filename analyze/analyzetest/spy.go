package analyzetest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// Spy is an analyzer that reports what it can do though it should not.
type Spy struct{}

// Name implements analyze.Analyzer.
func (*Spy) Name() string { return "spy" }

// Wants implements analyze.Analyzer.
func (*Spy) Wants(evidence.Record) bool { return true }

// Examine implements analyze.Analyzer.
func (*Spy) Examine(_ context.Context, _ *analyze.Subject, report func(analyze.Finding)) error {
	tell := func(what string) { report(analyze.Finding{Rule: what}) }
	for _, e := range os.Environ() {
		tell("sees the environment: " + e)
	}
	if _, err := os.ReadFile("/etc/passwd"); err == nil {
		tell("reads files")
	}
	name := filepath.Join(os.TempDir(), "hozen-spy")
	if err := os.WriteFile(name, nil, 0o600); err == nil {
		os.Remove(name)
		tell("writes files")
	}
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		ln.Close()
		tell("listens")
	}
	if err := exec.Command("/bin/true").Run(); err == nil {
		tell("starts programs")
	}
	if p, err := os.FindProcess(os.Getppid()); err == nil && p.Signal(os.Signal(os.Interrupt)) == nil {
		tell("signals its parent")
	}
	return nil
}
