package process

import (
	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/process/procfs"
)

// Name is the artifact's name.
const Name = "hozen.processes"

type artifact struct {
	fs   procfs.FS
	list func() ([]int, error) // the process ids that a listing shows

	behind bool // look behind mounts over the folders of processes
}

// New returns the artifact for the running host.
func New() collect.Artifact {
	return &artifact{fs: procfs.Live(), list: procfs.Live().PIDs, behind: true}
}

// Name implements collect.Artifact.
func (*artifact) Name() string { return Name }

// Needs implements collect.Artifact. Without full rights only the caller's own
// processes are read whole; the rest is recorded as denied.
func (*artifact) Needs() collect.Needs {
	return collect.Needs{OS: []collect.OS{collect.Linux}, Live: true, Root: true}
}

// Stage implements collect.Artifact.
func (*artifact) Stage() collect.Stage { return collect.Volatile }
