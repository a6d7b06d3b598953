package packets

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/process/emit"
	"github.com/hozen-dfir/hozen/evidence"
)

// Bounds and rhythms of one capture.
const (
	chunk     = 1 << 20                // bytes gathered before they go to the sink
	hold      = time.Second            // or how long they may wait
	poll      = 100 * time.Millisecond // how often the end is looked for
	rescan    = time.Second            // how often new interfaces are
	giveUp    = 30 * time.Second       // how long a sink may block at the end
	queue     = 2                      // chunks on their way to the sink
	maxEvents = 1000                   // socket errors of one interface
)

// capture is one capture on one or more interfaces.
type capture struct {
	*emit.Emitter
	ledger  collect.Ledger
	spec    Spec
	snaplen int
	end     <-chan struct{} // the end of a capture without a duration
	budget  int             // bytes of kernel buffer that are left
	each    int             // bytes for each ring
	later   bool            // those that were up at first have theirs
	rings   []*ring
	not     map[string]string // interfaces that are not captured, and why
	short   bool              // some of them are there

	out     writer
	flushed time.Time
	blocks  int // interface blocks written
	queue   chan []byte
	broken  chan error    // what the sink said, once
	refused chan struct{} // closed when the sink takes no more
	lost    int           // bytes that it did not take; known when broken is
}

func (c *capture) close() {
	for _, r := range c.rings {
		r.close()
	}
}

// run captures until its time is over. Packets go to the sink through a short
// queue. While it is full they wait in the kernel's buffer, and what has no
// room there is counted as dropped: a slow sink costs packets, never the host.
func (c *capture) run(ctx context.Context) error {
	st, err := c.Stream(ctx, c.spec.path(), "packet socket")
	if err != nil {
		return err
	}
	c.queue, c.broken, c.refused = make(chan []byte, queue), make(chan error, 1), make(chan struct{})
	go func() {
		var err error
		for b := range c.queue {
			if err == nil {
				if _, err = st.Write(b); err != nil {
					close(c.refused)
				}
			}
			if err != nil {
				c.lost += len(b)
			}
		}
		c.broken <- err
	}()
	c.out.section(runtime.GOARCH, "Linux")
	why, cause := c.loop(ctx)
	cause = errors.Join(cause, c.finish())
	if errors.Is(cause, errStuck) {
		return cause // Close would block as well
	}
	part := cause
	switch {
	case part != nil:
	case c.short:
		part = errUnheard
	case c.spec.For > 0 && ctx.Err() != nil && why == stoppedEarly:
		part = fmt.Errorf("the capture ended before its %s were over: %w", c.spec.For, context.Cause(ctx))
	case c.spec.Interface != Any && c.rings[len(c.rings)-1].gone:
		part = errRemoved
	}
	if err := st.Close(context.WithoutCancel(ctx), c.details(why), part); err != nil {
		return err
	}
	c.tellDrops()
	return cause
}

// tellDrops notes packets that had no room in the kernel's buffer: they are no
// gap, for a capture takes what the host leaves it time for, but who reads it
// must know.
func (c *capture) tellDrops() {
	var received, dropped uint64
	for _, r := range c.rings {
		received, dropped = received+r.stats.received, dropped+r.stats.dropped
	}
	if dropped > 0 {
		c.ledger.Report(collect.Line{Kind: collect.LineNote, Artifact: Name, Path: c.spec.path(),
			Reason: fmt.Sprintf("%s: the kernel dropped %d of the %d packets that it saw, for lack of room", c.spec.path(), dropped, received)})
	}
}

// stoppedEarly is why a capture ended that was not to end yet.
const stoppedEarly = "interrupt"

var (
	errStuck   = errors.New("the sink took no packets for too long")
	errRemoved = errors.New("the interface was removed before the end of the capture")
	errUnheard = errors.New("not every interface was captured: see not_captured in the details")
)

// loop reads the rings until the end and says which end it was.
func (c *capture) loop(ctx context.Context) (why string, err error) {
	var over <-chan time.Time
	end := c.end
	if c.spec.For > 0 {
		t := time.NewTimer(c.spec.For)
		defer t.Stop()
		over, end = t.C, nil
	}
	scan := time.NewTicker(rescan)
	defer scan.Stop()
	c.flushed = time.Now()
	for {
		select {
		case <-ctx.Done():
			return stoppedEarly, nil
		case <-end:
			return "end of collection", nil
		case <-over:
			return "end of duration", nil
		case <-c.refused:
			return "the sink takes no more", nil
		case <-scan.C:
			c.look()
		default:
		}
		if err := c.turn(); err != nil {
			return "error", err
		}
	}
}

// turn waits for packets for a moment and takes what there is.
func (c *capture) turn() error {
	if c.full() && !c.flush() {
		time.Sleep(poll / 10)
		return nil
	}
	c.wait()
	if err := c.drain(); err != nil {
		return err
	}
	if c.out.Len() >= chunk || time.Since(c.flushed) > hold && c.out.Len() > 0 {
		c.flush()
	}
	return nil
}

func (c *capture) full() bool { return c.out.Len() >= chunk }

func (c *capture) drain() error {
	for _, r := range c.rings {
		if r.gone {
			continue
		}
		if err := r.drain(func() bool { return !c.full() }, c.take); err != nil {
			return fmt.Errorf("capturing on interface %s: %w", r.iface.Name, err)
		}
	}
	return nil
}

// wait sleeps until a ring has packets. A socket whose interface goes down
// reports that once.
func (c *capture) wait() {
	var fds []unix.PollFd
	var of []*ring
	for _, r := range c.rings {
		if !r.gone {
			fds, of = append(fds, unix.PollFd{Fd: int32(r.fd), Events: unix.POLLIN}), append(of, r)
		}
	}
	if len(fds) == 0 {
		time.Sleep(poll)
		return
	}
	if n, err := unix.Poll(fds, int(poll/time.Millisecond)); err != nil || n == 0 {
		return
	}
	for i, f := range fds {
		if f.Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) == 0 {
			continue
		}
		_, _ = unix.GetsockoptInt(int(f.Fd), unix.SOL_SOCKET, unix.SO_ERROR) // reading it clears it
		if of[i].events++; of[i].events > maxEvents {
			of[i].gone = true
		}
	}
}

// look drops interfaces that are no more, and takes up new ones: for Any all,
// else one that has come again under the name. An interface that was renamed
// keeps its index.
func (c *capture) look() {
	up, err := upInterfaces()
	if err != nil {
		return
	}
	for _, r := range c.rings {
		if _, err := net.InterfaceByIndex(r.iface.Index); err != nil && !r.gone {
			_ = r.drain(func() bool { return true }, c.take)
			r.count()
			r.gone = true
			c.budget += len(r.mem)
			r.close()
		}
	}
	for _, i := range up {
		if c.spec.Interface != Any && i.Name != c.spec.Interface {
			continue
		}
		known := slices.ContainsFunc(c.rings, func(r *ring) bool { return r.iface.Index == i.Index })
		if _, tried := c.not[i.Name]; !known && !tried {
			_ = c.add(i) // noted where it fails
		}
	}
}

// take writes one packet. What leaves on loopback is seen again as it arrives.
func (c *capture) take(r *ring, p frame) {
	if p.hardware == hwLoopback && p.pktType == pktOutgoing {
		return
	}
	if !r.known {
		r.link, r.known = linkType(p.hardware), true
	}
	c.describe(r)
	parts, size := p.pieces(r.link, c.snaplen)
	c.out.packet(r.id, p.ns, size, p.flags(), parts...)
	r.stats.written++
}

// describe writes the interface blocks up to that of r.
func (c *capture) describe(r *ring) {
	for ; c.blocks <= int(r.id); c.blocks++ {
		i := c.rings[c.blocks]
		c.out.iface(i.link, uint32(c.snaplen), i.iface.Name, i.iface.HardwareAddr)
		i.known = true
	}
}

// flush hands a chunk to the sink, unless it has no room.
func (c *capture) flush() bool {
	b := slices.Clone(c.out.Bytes())
	select {
	case c.queue <- b:
		c.out.Reset()
		c.flushed = time.Now()
		return true
	default:
		return false
	}
}

// finish takes what the kernel still holds, writes the statistics and waits
// for the sink.
func (c *capture) finish() error {
	end := time.Now().Add(giveUp)
	for _, r := range c.rings {
		r.deaf()
	}
	time.Sleep(2 * retire * time.Millisecond) // until blocks that are not full are handed over
	var err error
	for _, r := range c.rings {
		if !r.gone {
			r.count()
			err = errors.Join(err, r.drain(func() bool { return c.room(end) }, c.take))
		}
		c.describe(r)
		c.out.stats(r.id, r.stats)
	}
	if c.room(end) {
		select {
		case c.queue <- c.out.Bytes():
		case <-time.After(time.Until(end)):
			err = errors.Join(err, errStuck)
		}
	}
	close(c.queue)
	select {
	case werr := <-c.broken:
		return errors.Join(err, werr)
	case <-time.After(time.Until(end)):
		return errors.Join(err, errStuck)
	}
}

// room makes room for another chunk, and waits for it at the end.
func (c *capture) room(end time.Time) bool {
	for c.full() && !c.flush() {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(poll / 10)
	}
	return true
}

// details are the facts of the capture for its record.
func (c *capture) details(why string) map[string]string {
	d := map[string]string{"stopped_by": why, "snaplen": strconv.Itoa(c.snaplen), "linktypes": ""}
	sums := map[string]uint64{} // one interface may have come several times
	for n, r := range c.rings {
		for what, n := range map[string]uint64{"received": r.stats.received, "dropped": r.stats.dropped, "written": r.stats.written} {
			sums[what] += n
			sums[what+"_"+r.iface.Name] += n
		}
		d["linktypes"] += map[bool]string{true: ","}[n > 0] + strconv.Itoa(int(r.link))
		if r.events > 0 {
			d["errors_"+r.iface.Name] = strconv.Itoa(r.events)
		}
		if r.gone {
			d["gone_"+r.iface.Name] = "the interface was removed"
		}
		if n == 0 {
			began, _ := evidence.At(r.stats.start).MarshalText()
			d["began"] = string(began)
		}
	}
	for what, n := range sums {
		d[what] = strconv.FormatUint(n, 10)
	}
	if c.lost > 0 {
		d["refused_bytes"] = strconv.Itoa(c.lost)
	}
	for name, err := range c.not {
		d["not_captured_"+name], _ = evidence.Text(err)
	}
	return d
}
