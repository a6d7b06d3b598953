package network

import (
	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/process/procfs"
)

// Name is the artifact's name.
const Name = "hozen.network"

type artifact struct{ fs procfs.FS }

// New returns the artifact for the running host.
func New() collect.Artifact { return &artifact{fs: procfs.Live()} }

// Name implements collect.Artifact.
func (*artifact) Name() string { return Name }

// Needs implements collect.Artifact. Without full rights the owners of other
// users' sockets stay unknown.
func (*artifact) Needs() collect.Needs {
	return collect.Needs{OS: []collect.OS{collect.Linux}, Live: true, Root: true}
}

// Stage implements collect.Artifact.
func (*artifact) Stage() collect.Stage { return collect.Volatile }
