package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/guard"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

// Env is what a worker gets from the process it runs in.
type Env struct {
	In  io.Reader
	Out io.Writer
	// Shared maps n bytes of the file that the parent shares, from offset 0.
	Shared func(n int64) ([]byte, error)
	// Guard restricts the process, once everything is ready.
	Guard func(memory int64) guard.Report
	// Exit ends the process; it is called as soon as the parent is gone.
	Exit func(code int)
}

// Run works until the parent closes the pipe. It returns an exit code.
func Run(env Env, build analyze.Builder) int {
	c := newConn(env.In, env.Out)
	if err := start(env, c, build); err != nil {
		// The parent may be gone: then nobody wants to know.
		_ = c.send(wire.Fatal, []byte(Clean(err.Error(), maxReason)), nil)
		return 1
	}
	return 0
}

func start(env Env, c *conn, build analyze.Builder) error {
	init, cfg, err := hello(env, c)
	if err != nil {
		return fmt.Errorf("start of a worker: %w", err)
	}
	e, err := newExaminer(cfg, build)
	if err != nil {
		return fmt.Errorf("build analyzers: %w", err)
	}
	if init.Events {
		e.tell = c.events
	}
	rep := env.Guard(init.Memory)
	ready := wire.ReadyMsg{Guards: rep.Active, Missing: rep.Missing, Analyzers: e.names()}
	if err := c.sendJSON(wire.Ready, ready); err != nil {
		return err
	}
	go c.read(func(err error) {
		if errors.Is(err, io.EOF) {
			env.Exit(0) // even in the middle of an item: the parent wants no more
		} else {
			fmt.Fprintln(os.Stderr, "worker:", err)
			env.Exit(1)
		}
	})
	return work(c, e)
}

func work(c *conn, e *examiner) error {
	for {
		select {
		case m := <-c.items:
			c.begin(m.ID)
			out, err := e.examine(context.Background(), c, m)
			c.done(m)
			if serr := c.answer(out.Encode()); serr != nil {
				return serr
			}
			if err != nil {
				return fmt.Errorf("build analyzers again: %w", err)
			}
		case <-c.gone:
			return nil
		}
	}
}

// hello reads the configuration.
func hello(env Env, c *conn) (wire.InitMsg, analyze.Config, error) {
	var m wire.InitMsg
	var cfg analyze.Config
	t, b, err := wire.Read(c.r, wire.MaxFrame)
	if err != nil {
		return m, cfg, err
	}
	if t != wire.Init {
		return m, cfg, fmt.Errorf("%w: type %q before any other", wire.ErrFrame, t)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, cfg, fmt.Errorf("%w: %w", wire.ErrFrame, err)
	}
	if m.Shared {
		cfg, err = sharedParts(env, m)
	} else {
		cfg, err = pipedParts(c, m)
	}
	cfg.Memory = m.Memory
	return m, cfg, err
}

func sharedParts(env Env, m wire.InitMsg) (analyze.Config, error) {
	var cfg analyze.Config
	var end int64
	for _, p := range m.Parts {
		end = max(end, p.Offset+p.Size)
	}
	all, err := env.Shared(end)
	if err != nil {
		return cfg, fmt.Errorf("map the configuration: %w", err)
	}
	for _, p := range m.Parts {
		cfg.Parts = append(cfg.Parts, analyze.Part{Name: p.Name, Data: all[p.Offset : p.Offset+p.Size : p.Offset+p.Size]})
	}
	return cfg, nil
}

func pipedParts(c *conn, m wire.InitMsg) (analyze.Config, error) {
	var cfg analyze.Config
	for _, p := range m.Parts {
		data := make([]byte, 0, p.Size)
		for int64(len(data)) < p.Size {
			t, b, err := wire.Read(c.r, wire.MaxFrame)
			if err != nil {
				return cfg, err
			}
			if t != wire.Part || len(b) == 0 || int64(len(data)+len(b)) > p.Size {
				return cfg, fmt.Errorf("%w: part %s", wire.ErrFrame, p.Name)
			}
			data = append(data, b...)
		}
		cfg.Parts = append(cfg.Parts, analyze.Part{Name: p.Name, Data: data})
	}
	return cfg, nil
}
