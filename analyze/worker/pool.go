package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

// Options of a Pool; zero values mean the defaults named.
type Options struct {
	Config  analyze.Config
	Workers int           // processes; default GOMAXPROCS
	Memory  int64         // bytes of one worker's own memory; default 1 GiB, negative for no limit
	Timeout time.Duration // for one item of no size; default 60 s. Items get 1 s more for each 2 MiB, up to 6 h
	Grace   time.Duration // from that time until the worker is killed; default 5 s
	Spool   string        // folder where events wait for their turn, in a file without a name; "": none are wanted
	Log     func(string)  // one line for each worker that died; called from several goroutines
	NoShare bool          // hand the configuration through the pipe, not in shared memory
	Command []string      // program and arguments; default this binary as Main expects it
}

// Defaults of Options.
const (
	DefaultMemory  = 1 << 30
	DefaultTimeout = time.Minute
	DefaultGrace   = 5 * time.Second
)

// What is sent ahead to one worker, so that it never waits.
const (
	depth       = 32
	ahead       = 2 << 20   // no further item while this many bytes are on their way
	inlineLimit = 256 << 10 // content that is sent along with its item
	pace        = 2 << 20   // bytes of content a second that any item is given
)

// mostMore bounds what an item gets for its size: a file of a terabyte costs
// nothing where it is all holes, and must not hold a worker for days. A sweep reads
// at twenty times pace and more, so that what is honest still ends in time.
const mostMore = 6 * time.Hour

// Pool is a set of worker processes. It implements analyze.Examiner.
type Pool struct {
	opt    Options
	shared *os.File // the configuration; nil where it goes through the pipe
	parts  []wire.PartMsg
	spool  *spool // nil where no events are wanted
	jobs   chan *job
	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
	ids    atomic.Uint64
	deaths atomic.Int64
	ready  chan wire.ReadyMsg // of the first worker that got ready
	first  sync.Once
	proven atomic.Bool // a worker has got ready
	info   wire.ReadyMsg
	spare  sync.Pool // *[]byte: payloads for reuse
}

// job is one item on its way through a worker.
type job struct {
	id      uint64
	in      *analyze.Input
	payload []byte
	limit   time.Duration
	reply   chan analyze.Result
	events  []extent // in the spool
	told    int64    // bytes of them
	retried bool
}

// Start starts the workers and returns when the first is ready. An error means
// that none can work: the builder failed, or no process can be started.
func Start(ctx context.Context, opt Options) (*Pool, error) {
	if err := opt.complete(); err != nil {
		return nil, err
	}
	p := &Pool{opt: opt, jobs: make(chan *job), ready: make(chan wire.ReadyMsg, 1)}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	var err error
	if p.shared, p.parts, err = configure(opt); err != nil {
		return nil, fmt.Errorf("start workers: %w", err)
	}
	if opt.Spool != "" {
		p.spool = &spool{dir: opt.Spool}
	}
	for range opt.Workers {
		p.wg.Go(p.tend)
	}
	select {
	case p.info = <-p.ready:
		return p, nil
	case <-p.ctx.Done():
		err := context.Cause(p.ctx)
		return nil, errors.Join(fmt.Errorf("start workers: %w", err), p.Close())
	}
}

// configure puts the configuration where workers find it.
func configure(opt Options) (*os.File, []wire.PartMsg, error) {
	if !opt.NoShare && canShare {
		return share(opt.Config)
	}
	var parts []wire.PartMsg
	for _, p := range opt.Config.Parts {
		parts = append(parts, wire.PartMsg{Name: p.Name, Size: int64(len(p.Data))})
	}
	return nil, parts, nil
}

func (o *Options) complete() error {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	o.Memory = max(o.Memory, 0)
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Grace <= 0 {
		o.Grace = DefaultGrace
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if len(o.Command) == 0 {
		exe, err := self()
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		o.Command = []string{exe, argument}
	}
	return nil
}

// Workers returns the number of processes.
func (p *Pool) Workers() int { return p.opt.Workers }

// Slots returns how many Examine calls keep every worker busy.
func (p *Pool) Slots() int { return p.opt.Workers * depth }

// Deaths returns how many workers have died or been killed so far.
func (p *Pool) Deaths() int64 { return p.deaths.Load() }

// Guards lists the protections that hold in the workers, and those that this
// system lacks, each with its reason.
func (p *Pool) Guards() (active, missing []string) { return p.info.Guards, p.info.Missing }

// Analyzers lists the names of the analyzers, in order.
func (p *Pool) Analyzers() []string { return p.info.Analyzers }

// Close ends the workers, whatever they are doing. Events of results can't be
// read any more then.
func (p *Pool) Close() error {
	p.cancel(errClosed)
	p.wg.Wait()
	var errs []error
	if p.spool != nil {
		errs = append(errs, p.spool.close())
	}
	if p.shared != nil {
		errs = append(errs, p.shared.Close())
	}
	return errors.Join(errs...)
}

var errClosed = errors.New("worker pool closed")

// Examine hands one item to the next free worker and waits for the answer. An
// error means that the pool is broken or ctx is done; whatever is wrong with
// the item is a fault in the result.
func (p *Pool) Examine(ctx context.Context, in *analyze.Input) (analyze.Result, error) {
	j, err := p.job(ctx, in)
	if err != nil {
		return analyze.Result{Faults: []analyze.Fault{{Kind: analyze.FaultRead, Reason: err.Error()}}}, nil
	}
	if err := p.enqueue(ctx, j); err != nil {
		return analyze.Result{}, err
	}
	select {
	case r := <-j.reply:
		return r, nil
	case <-ctx.Done():
		return analyze.Result{}, context.Cause(ctx)
	case <-p.ctx.Done():
		return analyze.Result{}, context.Cause(p.ctx)
	}
}

func (p *Pool) enqueue(ctx context.Context, j *job) error {
	select {
	case p.jobs <- j:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-p.ctx.Done():
		return context.Cause(p.ctx)
	}
}

// job encodes an item, with its bytes where they are few.
func (p *Pool) job(ctx context.Context, in *analyze.Input) (*job, error) {
	if err := in.Check(); err != nil {
		return nil, err
	}
	j := &job{id: p.ids.Add(1), in: in, reply: make(chan analyze.Result, 1)}
	j.limit = p.opt.Timeout + more(in.Size)
	m := wire.ItemMsg{ID: j.id, Deadline: j.limit.Milliseconds(), Bundle: in.Bundle, Record: in.Record,
		Size: in.Size, Blocks: in.Blocks}
	if in.Size <= inlineLimit {
		for i := range in.Blocks {
			b, err := fetch(ctx, in, i)
			if err != nil { // the worker asks again and is told
				m.Inline = nil
				break
			}
			m.Inline = append(m.Inline, b)
		}
	}
	var err error
	j.payload, err = m.Encode(p.buffer())
	return j, err
}

// more is the time that an item gets for its size.
func more(size int64) time.Duration {
	return min(time.Duration(size/pace)*time.Second, mostMore)
}

// buffer returns memory for a payload, used before or not.
func (p *Pool) buffer() []byte {
	if b, ok := p.spare.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return nil
}

// settle answers a job. Its payload has been sent by now, or never will be.
func (p *Pool) settle(j *job, r analyze.Result) {
	if b := j.payload; cap(b) <= 2*inlineLimit {
		p.spare.Put(&b)
	}
	j.payload = nil
	j.reply <- r
}

// fetch gets one block's stored bytes and refuses more than a block can have.
func fetch(ctx context.Context, in *analyze.Input, i int) ([]byte, error) {
	b, err := in.Fetch(ctx, i)
	if err != nil {
		return nil, err
	}
	if len(b) > analyze.StoredSize {
		return nil, fmt.Errorf("%d stored bytes for one block", len(b))
	}
	return b, nil
}

// fail breaks the pool.
func (p *Pool) fail(err error) { p.cancel(err) }
