package system

import (
	"github.com/hozen-dfir/hozen/collect"
)

// Name is the artifact's name.
const Name = "hozen.system"

// artifact reads below root, which is "/" but in tests.
type artifact struct{ root string }

// New returns the artifact for the running host.
func New() collect.Artifact { return &artifact{root: "/"} }

// Name implements collect.Artifact.
func (*artifact) Name() string { return Name }

// Needs implements collect.Artifact. Without full rights serial numbers and
// the addresses of modules stay unknown.
func (*artifact) Needs() collect.Needs {
	return collect.Needs{OS: []collect.OS{collect.Linux}, Live: true, Root: true}
}

// Stage implements collect.Artifact.
func (*artifact) Stage() collect.Stage { return collect.Volatile }
