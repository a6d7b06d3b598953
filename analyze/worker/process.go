package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/serve"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

// startTime bounds how long a worker may take to build its analyzers.
const startTime = 2 * time.Minute

// process is one worker process as the parent sees it.
type process struct {
	cmd    *exec.Cmd
	stderr head
	in     *os.File      // towards the worker
	out    *os.File      // from it
	exited chan struct{} // closed when the process is gone and err is set
	err    error

	ctx     context.Context // of this process's fetches
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	items   chan []byte     // at most depth of them
	blocks  chan blockFrame // from fetches, which may wait
	frames  chan frame      // what the worker says
	pending atomic.Int32    // fetches on their way
}

type frame struct {
	t   wire.Type
	b   []byte
	err error
}

type blockFrame struct{ head, body []byte }

// errFatal marks a worker that says itself that it can't work.
var errFatal = errors.New("worker can't work")

// spawn starts a worker and waits until its analyzers are ready.
func (p *Pool) spawn() (*process, wire.ReadyMsg, error) {
	var ready wire.ReadyMsg
	w, err := p.launch()
	if err != nil {
		return nil, ready, err
	}
	if err = p.greet(w); err == nil {
		ready, err = w.await(p.ctx)
	}
	if err != nil {
		reason := w.end()
		if !errors.Is(err, errFatal) {
			err = fmt.Errorf("worker did not get ready: %w (%s)", err, reason)
		}
		return nil, ready, err
	}
	w.wg.Go(w.write)
	return w, ready, nil
}

func (p *Pool) launch() (*process, error) {
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("pipe to a worker: %w", err)
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pipe from a worker: %w", err), childIn.Close(), in.Close())
	}
	w := &process{in: in, out: out, exited: make(chan struct{}), items: make(chan []byte, depth),
		blocks: make(chan blockFrame), frames: make(chan frame)}
	w.ctx, w.cancel = context.WithCancel(p.ctx)
	w.cmd = exec.Command(p.opt.Command[0], p.opt.Command[1:]...)
	w.cmd.Args[0] = "hozen"
	w.cmd.Env = []string{} // nothing of the analyst's environment
	w.cmd.Stdin, w.cmd.Stdout, w.cmd.Stderr = childIn, childOut, &w.stderr
	w.cmd.WaitDelay = time.Second
	if p.shared != nil {
		w.cmd.ExtraFiles = []*os.File{p.shared}
	}
	tune(w.cmd, in)
	started := make(chan error)
	go w.live(started)
	err = <-started
	childIn.Close()
	childOut.Close()
	if err != nil {
		w.cancel()
		in.Close()
		out.Close()
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	w.wg.Go(w.read)
	return w, nil
}

// live starts the process and stays with it, on one thread: the signal that a
// worker gets when its parent dies is tied to the thread that started it
// (PR_SET_PDEATHSIG in prctl(2)).
func (w *process) live(started chan<- error) {
	runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
	calm()
	err := w.cmd.Start()
	started <- err
	if err == nil {
		w.err = w.cmd.Wait()
		close(w.exited)
	}
}

// greet sends the configuration.
func (p *Pool) greet(w *process) error {
	b, err := json.Marshal(wire.InitMsg{Memory: p.opt.Memory, Shared: p.shared != nil, Events: p.spool != nil, Parts: p.parts})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w.in)
	if err := wire.Write(out, wire.Init, b, nil); err != nil {
		return err
	}
	if p.shared == nil {
		for _, part := range p.opt.Config.Parts {
			for data := part.Data; len(data) > 0; {
				n := min(len(data), wire.PartPiece)
				if err := wire.Write(out, wire.Part, nil, data[:n]); err != nil {
					return err
				}
				data = data[n:]
			}
		}
	}
	return out.Flush()
}

// await waits for Ready.
func (w *process) await(ctx context.Context) (wire.ReadyMsg, error) {
	var m wire.ReadyMsg
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	select {
	case f := <-w.frames:
		switch {
		case f.err != nil:
			return m, f.err
		case f.t == wire.Fatal:
			return m, fmt.Errorf("%w: %s", errFatal, serve.Clean(string(f.b), 1000))
		case f.t != wire.Ready:
			return m, fmt.Errorf("%w: type %q before Ready", wire.ErrFrame, f.t)
		}
		return m, json.Unmarshal(f.b, &m)
	case <-timer.C:
		return m, fmt.Errorf("not within %s", startTime)
	case <-ctx.Done():
		return m, context.Cause(ctx)
	}
}

// read passes on what the worker says until it is gone.
func (w *process) read() {
	r := bufio.NewReaderSize(w.out, 64<<10)
	for {
		t, b, err := wire.Read(r, serve.MaxFrame)
		select {
		case w.frames <- frame{t, b, err}:
		case <-w.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// write sends items and blocks, and flushes when there is nothing more to send.
func (w *process) write() {
	out := bufio.NewWriterSize(w.in, 64<<10)
	for {
		var err error
		select {
		case b := <-w.items:
			err = wire.Write(out, wire.Item, b, nil)
		case b := <-w.blocks:
			err = wire.Write(out, wire.Block, b.head, b.body)
		case <-w.ctx.Done():
			return
		}
		if err == nil && len(w.items) == 0 {
			err = out.Flush()
		}
		if err != nil {
			return // the worker is gone; the reader says so
		}
	}
}

// supply fetches one block for the worker.
func (w *process) supply(in *analyze.Input, id uint64, i int) {
	defer w.pending.Add(-1)
	body, err := fetch(w.ctx, in, i)
	if err != nil {
		body = []byte(serve.Clean(err.Error(), 1000))
		if len(body) == 0 {
			body = []byte("unknown error")
		}
	}
	select {
	case w.blocks <- blockFrame{wire.BlockHead(id, i, err != nil), body}:
	case <-w.ctx.Done():
	}
}

// end kills the process, waits for all that belongs to it and says how it died.
func (w *process) end() string {
	_ = w.cmd.Process.Kill() // it may be gone already
	<-w.exited
	w.cancel()
	w.in.Close()
	w.out.Close()
	w.wg.Wait()
	return death(w.cmd.ProcessState, w.stderr.String())
}
