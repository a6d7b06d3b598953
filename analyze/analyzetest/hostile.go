package analyzetest

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// Order is how a test's item begins that tells Hostile what to do.
const Order = "HOSTILE:"

// Orders lists what Hostile can be told to do.
func Orders() []string {
	return []string{"panic", "nil", "index", "goroutine-panic", "exit0", "exit3", "recursion", "fault", "abort",
		"kill", "spin", "block", "sleep-soft", "eat-fast", "eat-slow", "junk-stdout", "junk-frame", "huge-frame",
		"close", "forged", "flood", "error", "late"}
}

// Hostile is an analyzer that does what an item tells it to, as hostile
// evidence might through a fault of a parser.
type Hostile struct {
	Derive analyze.Deriver
	eaten  [][]byte
}

// Name implements analyze.Analyzer.
func (h *Hostile) Name() string { return "hostile" }

// Wants implements analyze.Analyzer.
func (h *Hostile) Wants(r evidence.Record) bool { return r.Size >= int64(len(Order)) }

// Examine implements analyze.Analyzer.
func (h *Hostile) Examine(ctx context.Context, s *analyze.Subject, report func(analyze.Finding)) error {
	b := make([]byte, min(s.Size, 64))
	if _, err := s.Body.ReadAt(b, 0); err != nil {
		return err
	}
	order, ok := strings.CutPrefix(string(b), Order)
	if !ok {
		return nil
	}
	order, _, _ = strings.Cut(order, "\n")
	return h.obey(ctx, order, report)
}

func (h *Hostile) obey(ctx context.Context, order string, report func(analyze.Finding)) error {
	switch order {
	case "panic":
		panic("told to")
	case "nil":
		var p *Hostile
		p.eaten = nil
	case "index":
		return fmt.Errorf("%d", order[len(order)+len(h.eaten)])
	case "goroutine-panic":
		go panic("told to, elsewhere")
		time.Sleep(time.Minute)
	case "exit0":
		os.Exit(0)
	case "exit3":
		os.Exit(3)
	case "recursion":
		return fmt.Errorf("%d", deeper(1))
	case "fault":
		nowhere := uintptr(0xdead0000)
		**(**byte)(unsafe.Pointer(&nowhere)) = 1
	case "abort", "kill":
		return raise(order)
	case "flood":
		for i := range 50_000 {
			report(analyze.Finding{Rule: fmt.Sprintf("flood-%07d", i)})
		}
	case "error":
		return fmt.Errorf("told to")
	case "late":
		go func() { time.Sleep(10 * time.Millisecond); report(analyze.Finding{Rule: "late"}) }()
	default:
		return h.more(ctx, order)
	}
	return nil
}

func (h *Hostile) more(ctx context.Context, order string) error {
	switch order {
	case "spin":
		for i := 0; ; i++ {
			h.eaten = h.eaten[:0]
		}
	case "block":
		select {}
	case "sleep-soft":
		<-ctx.Done()
		return ctx.Err()
	case "eat-fast":
		for {
			h.eat(64 << 20)
		}
	case "eat-slow":
		for {
			h.eat(4 << 20)
			time.Sleep(time.Millisecond)
		}
	case "junk-stdout":
		fmt.Println(strings.Repeat("junk ", 1000)) // must be harmless
		fmt.Fprintln(os.NewFile(1, "stdout"), strings.Repeat("junk ", 1000))
	case "junk-frame", "huge-frame", "close", "forged":
		onPipe(order)
		time.Sleep(time.Minute)
	}
	return nil
}

func (h *Hostile) eat(n int) {
	b := make([]byte, n)
	for i := 0; i < n; i += 4096 {
		b[i] = 1
	}
	h.eaten = append(h.eaten, b)
}

func deeper(n int) int {
	if n == 0 {
		return 0
	}
	var pad [512]byte
	pad[n%512] = byte(n)
	return deeper(n+1) + int(pad[(n+1)%512])
}

func raise(order string) error {
	p, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	if order == "kill" {
		return p.Kill()
	}
	signal.Reset(syscall.SIGABRT)
	if err := p.Signal(syscall.SIGABRT); err != nil {
		return err
	}
	time.Sleep(time.Minute)
	return nil
}

// onPipe misuses the pipe to the parent, wherever it is.
func onPipe(order string) {
	for fd := 3; fd < 64; fd++ {
		f := os.NewFile(uintptr(fd), "pipe")
		st, err := f.Stat()
		if err != nil || st.Mode()&os.ModeNamedPipe == 0 {
			continue
		}
		switch order {
		case "junk-frame":
			f.Write([]byte("no frame at all, but words"))
		case "huge-frame":
			f.Write([]byte{0xff, 0xff, 0xff, 0x7f, 'r'})
		case "forged": // an answer to an item that nobody asked about
			f.Write([]byte{5, 0, 0, 0, 'r', 0xff, 0x7f, 0, 0})
		case "close":
			f.Close()
		}
	}
}

// Carver derives content from items that begin with "CARVE:": all after it,
// and that content again from within itself, which must be refused.
type Carver struct{ Derive analyze.Deriver }

// Carve is how an item begins that Carver takes apart.
const Carve = "CARVE:"

// Name implements analyze.Analyzer.
func (c *Carver) Name() string { return "carver" }

// Wants implements analyze.Analyzer.
func (c *Carver) Wants(r evidence.Record) bool { return r.Size > int64(len(Carve)) }

// Examine implements analyze.Analyzer.
func (c *Carver) Examine(ctx context.Context, s *analyze.Subject, report func(analyze.Finding)) error {
	b, err := s.Bytes(1 << 20)
	if err != nil || !strings.HasPrefix(string(b), Carve) {
		return err
	}
	report(analyze.Finding{Rule: "carved"})
	return c.Derive(ctx, s, analyze.Derived{Name: "test/rest", Bytes: b[len(Carve):],
		Where: analyze.Where{Kind: "stream", Flow: "here"}})
}
