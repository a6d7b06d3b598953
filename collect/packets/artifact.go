package packets

import (
	"sync"

	"github.com/hozen-dfir/hozen/collect"
)

// Name is the artifact's name.
const Name = "hozen.packets"

// Bounds of a capture.
const (
	DefaultSnaplen = 262144
	ringBytes      = 8 << 20 // of kernel buffer for all captures together, as far as it divides
)

// Options say what to capture.
type Options struct {
	Specs   []Spec
	Snaplen int // bytes kept of each packet; 0 means DefaultSnaplen
}

type artifact struct {
	opts Options
	once sync.Once
	end  chan struct{} // closed when all other artifacts are done
}

// New returns the artifact. It needs the right to open packet sockets
// (CAP_NET_RAW); captures that it may not make are recorded as denied. It
// serves for one run: captures without a duration last until End is called.
func New(opts Options) collect.Ender {
	if opts.Snaplen <= 0 || opts.Snaplen > DefaultSnaplen {
		opts.Snaplen = DefaultSnaplen
	}
	return &artifact{opts: opts, end: make(chan struct{})}
}

// Name implements collect.Artifact.
func (*artifact) Name() string { return Name }

// Needs implements collect.Artifact.
func (*artifact) Needs() collect.Needs {
	return collect.Needs{OS: []collect.OS{collect.Linux}, Live: true, Root: true}
}

// Stage implements collect.Artifact.
func (*artifact) Stage() collect.Stage { return collect.Throughout }

// End implements collect.Ender.
func (a *artifact) End() { a.once.Do(func() { close(a.end) }) }

// path returns the path of the item of one capture.
func (s Spec) path() string { return "/packets/" + s.Interface + ".pcapng" }
