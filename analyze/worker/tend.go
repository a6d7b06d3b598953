package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/serve"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

// How workers are replaced.
const (
	maxStarts  = 5                      // failures to start, one after the other, before the sweep ends; 1 where none ever started
	startPause = 200 * time.Millisecond // after the first of them, doubled each time
	stormAfter = 4                      // deaths in a row without a finished item
	stormPause = 100 * time.Millisecond // before each further start
	watchEvery = 50 * time.Millisecond  // memory and time of a worker
	reuse      = 64                     // how often on average a worker may ask for a block again
)

// tend keeps one worker alive until the pool closes.
func (p *Pool) tend() {
	var suspects []*job // of the death of the last worker
	idle, starts := 0, 0
	for p.ctx.Err() == nil {
		if idle >= stormAfter {
			p.pause(stormPause)
		}
		w, ready, err := p.spawn()
		if err != nil {
			starts++
			if errors.Is(err, errFatal) || starts >= maxStarts || !p.proven.Load() {
				p.fail(err)
				return
			}
			p.pause(startPause << starts)
			continue
		}
		starts = 0
		p.first.Do(func() { p.proven.Store(true); p.ready <- ready })
		s := session{p: p, w: w, beat: time.Now()}
		suspects = s.run(suspects)
		idle++
		if s.done > 0 {
			idle = 0
		}
	}
}

func (p *Pool) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-p.ctx.Done():
	}
}

// session is the life of one worker process.
type session struct {
	p     *Pool
	w     *process
	queue []*job // sent and not answered; one of the first is under examination
	bytes int64  // of content in queue
	beat  time.Time
	asked int // blocks the first asked for
	done  int // items answered

	suspects []*job // to be tried alone, one after the other, before all else
	alone    bool   // the queue is one suspect
}

// run serves items until the worker dies or the pool closes. It returns the
// items of which one may have killed it.
func (s *session) run(suspects []*job) []*job {
	s.suspects = suspects
	s.suspect()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		var why error
		select {
		case j := <-s.open():
			s.send(j)
		case f := <-s.w.frames:
			why = s.hear(f)
		case <-tick.C:
			why = s.watch()
		case <-s.p.ctx.Done():
			s.w.end()
			return nil
		}
		if why != nil {
			return s.bury(why)
		}
	}
}

// suspect sends the next suspect, if there is one left.
func (s *session) suspect() {
	if s.alone = len(s.suspects) > 0; s.alone {
		s.send(s.suspects[0])
		s.suspects = s.suspects[1:]
	}
}

// open returns the queue of items while there is room for one more.
func (s *session) open() <-chan *job {
	if s.alone || len(s.queue) >= depth || s.bytes >= ahead {
		return nil
	}
	return s.p.jobs
}

func (s *session) send(j *job) {
	if len(s.queue) == 0 {
		s.begin()
	}
	j.events, j.told = nil, 0 // of a worker that died over it
	s.queue = append(s.queue, j)
	s.bytes += j.in.Size
	s.w.items <- j.payload // has room for depth items
}

// begin starts the clock of the first item in the queue.
func (s *session) begin() { s.beat, s.asked = time.Now(), 0 }

// errGone means that the worker closed its pipe, by dying or otherwise.
var errGone = errors.New("worker died")

// errJunk means that it says what no worker says.
var errJunk = errors.New("worker broke the protocol")

// errLimit means that it was killed for its own limits, not for a fault.
var (
	errTime   = errors.New("not done in time")
	errMemory = errors.New("memory limit")
)

// hear takes one frame from the worker.
func (s *session) hear(f frame) error {
	switch {
	case errors.Is(f.err, wire.ErrFrame):
		return errJunk
	case f.err != nil:
		return errGone
	case len(s.queue) == 0:
		return errJunk
	case f.t == wire.Need:
		return s.need(f.b)
	case f.t == wire.Events:
		return s.events(f.b)
	case f.t == wire.Result:
		return s.answer(f.b)
	}
	return errJunk
}

func (s *session) need(b []byte) error {
	m, err := wire.DecodeNeed(b)
	in := s.queue[0].in
	if err != nil || m.ID != s.queue[0].id || m.I >= len(in.Blocks) {
		return errJunk
	}
	s.asked++
	if s.w.pending.Add(1) > 2*serve.MaxNeed || s.asked > reuse*(len(in.Blocks)+16) {
		return errJunk
	}
	s.w.wg.Go(func() { s.w.supply(in, m.ID, m.I) })
	return nil
}

// events keeps a piece of the first item's events until its turn comes.
func (s *session) events(b []byte) error {
	id, events, err := wire.DecodeEvents(b)
	j := s.queue[0]
	if err != nil || id != j.id || s.p.spool == nil || j.told+int64(len(events)) > wire.EventsLimit(j.in.Size) || wire.CheckEvents(events) != nil {
		return errJunk
	}
	at, err := s.p.spool.put(events)
	if err != nil { // the disk is full: no other item fares better
		s.p.fail(err)
		return nil
	}
	j.events, j.told = append(j.events, at), j.told+int64(len(events))
	return nil
}

func (s *session) answer(b []byte) error {
	m, err := wire.DecodeResult(b)
	if err != nil || m.ID != s.queue[0].id {
		return errJunk
	}
	r := analyze.Result{Faults: m.Faults, Events: s.p.spool.read(s.queue[0].events)}
	for _, b := range m.Findings {
		var f analyze.Finding
		if err := json.Unmarshal(b, &f); err != nil {
			return errJunk
		}
		r.Findings = append(r.Findings, f)
	}
	j := s.pop()
	s.done++
	s.begin()
	s.p.settle(j, r)
	if s.alone {
		s.suspect()
	}
	return nil
}

func (s *session) pop() *job {
	j := s.queue[0]
	s.queue[0] = nil
	s.queue = s.queue[1:]
	s.bytes -= j.in.Size
	return j
}

// watch looks at time and memory.
func (s *session) watch() error {
	if len(s.queue) > 0 && time.Since(s.beat) > s.queue[0].limit+s.p.opt.Grace {
		return errTime
	}
	if s.p.opt.Memory > 0 {
		if n, ok := used(s.w.cmd.Process.Pid); ok && n > s.p.opt.Memory {
			return errMemory
		}
	}
	return nil
}

// bury ends the worker and finds out which item is to blame: it is settled, or
// is among the suspects returned. The others go to whoever is free.
func (s *session) bury(why error) (suspects []*job) {
	waiting := s.w.pending.Load() > 0
	how := s.w.end()
	if how == outOfMemory {
		why = errMemory
	}
	s.p.deaths.Add(1)
	switch {
	case len(s.queue) == 0:
		s.p.opt.Log(fmt.Sprintf("worker: %v between items: %s", why, how))
		return s.suspects
	case len(s.queue) > 1 && !errors.Is(why, errTime):
		s.p.opt.Log(fmt.Sprintf("worker: %v, at one of %d items: %s", why, len(s.queue), how))
		return s.queue
	}
	j := s.pop()
	reason := s.reason(why, how, j, waiting)
	s.p.opt.Log(fmt.Sprintf("worker: %s, at %q", reason, serve.Clean(j.in.Record.Path, 500)))
	for _, rest := range s.queue {
		s.p.wg.Go(func() { _ = s.p.enqueue(s.p.ctx, rest) }) // fails only when the pool closes
	}
	if s.done > 0 && !j.retried && !errors.Is(why, errTime) {
		j.retried = true
		return append([]*job{j}, s.suspects...)
	}
	s.p.settle(j, analyze.Result{Faults: []analyze.Fault{{Kind: analyze.FaultWorker, Reason: reason}}})
	return s.suspects
}

func (s *session) reason(why error, how string, j *job, waiting bool) string {
	switch {
	case errors.Is(why, errTime) && waiting:
		return fmt.Sprintf("not done within %s; its bytes did not come", j.limit)
	case errors.Is(why, errTime):
		return fmt.Sprintf("not done within %s; worker killed", j.limit)
	case errors.Is(why, errMemory):
		return fmt.Sprintf("needs more than %d MiB of memory; worker killed", s.p.opt.Memory>>20)
	case errors.Is(why, errJunk):
		return why.Error()
	}
	return why.Error() + ": " + how
}
