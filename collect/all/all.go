// Package all is the explicit list of built-in artifacts.
package all

import (
	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/network"
	"github.com/hozen-dfir/hozen/collect/packets"
	"github.com/hozen-dfir/hozen/collect/process"
	"github.com/hozen-dfir/hozen/collect/system"
)

// Options are what the built-in artifacts can be told.
type Options struct {
	Packets []packets.Spec // captures to make; none, no artifact for them
	Snaplen int            // bytes kept of each packet; 0 means packets.DefaultSnaplen
}

// Artifacts returns the built-in artifacts in the order in which they run
// within their stages: what changes fastest first.
func Artifacts(opts Options) []collect.Artifact {
	out := []collect.Artifact{}
	if len(opts.Packets) > 0 {
		out = append(out, packets.New(packets.Options{Specs: opts.Packets, Snaplen: opts.Snaplen}))
	}
	return append(out, network.New(), process.New(), system.New())
}

// Names returns the names of all built-in artifacts, those that need options
// as well.
func Names() []string {
	return []string{packets.Name, network.Name, process.Name, system.Name}
}
