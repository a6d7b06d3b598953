// Package guard takes from a worker process what it does not need, so that
// evidence which takes it over gains little: new files, the network, other
// programs, core dumps, unbounded memory.
package guard

// Report says which protections are in force, and which this system lacks.
type Report struct {
	Active  []string
	Missing []string // each with its reason
}

func (r *Report) add(name string, err error) {
	if err != nil {
		r.Missing = append(r.Missing, name+": "+err.Error())
		return
	}
	r.Active = append(r.Active, name)
}

// Slack is what a worker may map beyond its memory limit before the kernel
// refuses: stacks of threads and the runtime's own tables. The limit itself is
// watched by the parent.
const Slack = 256 << 20

// stackLimit bounds one goroutine's stack, so that endless recursion ends soon.
const stackLimit = 64 << 20
