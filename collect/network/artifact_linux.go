package network

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/network/netlink"
	"github.com/hozen-dfir/hozen/collect/process/emit"
	"github.com/hozen-dfir/hozen/collect/process/procfs"
	"github.com/hozen-dfir/hozen/evidence"
)

// run is one collection.
type run struct {
	*emit.Emitter
	fs    procfs.FS
	names map[uint32]string // interfaces by index
	users procfs.Names
}

// Collect implements collect.Artifact.
func (a *artifact) Collect(ctx context.Context, src collect.Source, sink evidence.Sink) error {
	clear, done := a.fs.Clear()
	defer done()
	r := &run{Emitter: emit.New(src, sink, Name), fs: clear, names: map[uint32]string{}, users: procfs.ReadNames("/etc/passwd")}
	unnamed := r.interfaceNames(ctx)
	if err := r.sockets(ctx); err != nil { // what vanishes first
		return err
	}
	if unnamed != nil {
		return errors.Join(unnamed, r.Outcome(ctx, "/network/interfaces.jsonl", "netlink", unnamed, nil))
	}
	for _, t := range r.list() {
		if err := r.table(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// table is one list that rtnetlink gives.
type table struct {
	path     string
	request  uint16
	asks     [][]byte // fixed parts of the requests; each begins with a family
	optional uint8    // this family may be unknown to the kernel
	line     func([]byte) (any, error)
}

func (r *run) list() []table {
	neighbours, proxies := ask(12, unix.AF_UNSPEC), ask(12, unix.AF_UNSPEC)
	proxies[10] = neighProxy // ndm_flags: the addresses that this host answers for, which no other list has
	return []table{
		{"neighbours", unix.RTM_GETNEIGH, [][]byte{neighbours, proxies, ask(12, afBridge)}, afBridge, r.neighbour},
		{"interfaces", unix.RTM_GETLINK, [][]byte{ask(16, unix.AF_UNSPEC)}, 0, r.iface},
		{"addresses", unix.RTM_GETADDR, [][]byte{ask(8, unix.AF_UNSPEC)}, 0, r.address},
		{"routes", unix.RTM_GETROUTE, [][]byte{ask(12, afInet), ask(12, afInet6), ask(12, afMPLS)}, afMPLS, r.route},
		{"rules", unix.RTM_GETRULE, [][]byte{ask(12, afInet), ask(12, afInet6)}, 0, func(b []byte) (any, error) { return parseRule(b) }},
	}
}

// ask is the fixed part of a request, of n bytes, for one address family.
func ask(n int, family uint8) []byte {
	b := make([]byte, n)
	b[0] = family
	return b
}

// interfaceNames learns the names that the other tables' indexes stand for.
func (r *run) interfaceNames(ctx context.Context) error {
	err := netlink.Dump(ctx, unix.NETLINK_ROUTE, unix.RTM_GETLINK, make([]byte, 16), func(m netlink.Message) error {
		i, err := parseInterface(m.Body)
		if err == nil && len(r.names) < 1<<16 {
			r.names[uint32(i.Index)] = i.Name
		}
		return nil
	})
	if errors.Is(err, netlink.ErrInterrupted) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("listing interfaces: %w", err)
	}
	return nil
}

// table writes one list. What the kernel would not give makes it partial.
func (r *run) table(ctx context.Context, t table) error {
	l, err := r.Lines(ctx, "/network/"+t.path+".jsonl", "netlink")
	if err != nil {
		return err
	}
	var cause, broken error
	bad := 0
	for _, body := range t.asks {
		f := body[0]
		err := netlink.Dump(ctx, unix.NETLINK_ROUTE, t.request, body, func(m netlink.Message) error {
			if f != 0 && len(m.Body) > 0 && m.Body[0] != f {
				return nil // a kernel that doesn't know the family lists all others
			}
			v, err := t.line(m.Body)
			if err != nil {
				bad++
				return nil
			}
			if v != nil {
				broken = l.Put(v)
			}
			return broken
		})
		unknown := f == t.optional && (errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EINVAL))
		if err != nil && !unknown && broken == nil {
			cause = errors.Join(cause, fmt.Errorf("listing %s of family %s: %w", t.path, family(f), err))
		}
	}
	if bad > 0 {
		cause = errors.Join(cause, fmt.Errorf("%d entries of %s were cut short", bad, t.path))
	}
	if err := l.Close(ctx, nil, errors.Join(cause, broken)); err != nil {
		return err
	}
	if broken != nil {
		return broken
	}
	if t.path == "interfaces" {
		return r.promiscuous(ctx)
	}
	return ctx.Err()
}

func (r *run) iface(b []byte) (any, error) { return parseInterface(b) }

func (r *run) address(b []byte) (any, error) {
	a, err := parseAddress(b)
	a.Interface = r.names[a.Index]
	return a, err
}

func (r *run) neighbour(b []byte) (any, error) {
	n, err := parseNeighbour(b)
	n.Interface = r.names[uint32(n.Index)]
	return n, err
}

// routeCloned marks cached entries, which are no routes (RTM_F_CLONED).
const routeCloned = 0x200

func (r *run) route(b []byte) (any, error) {
	o, err := parseRoute(b)
	for i := range o.Hops {
		o.Hops[i].Interface = r.names[o.Hops[i].Index]
	}
	if o.Flags&routeCloned != 0 {
		return nil, err
	}
	return o, err
}

// promiscuous notices interfaces that take every packet. The flag shows only
// what an administrator set; the count shows packet sockets as well.
func (r *run) promiscuous(ctx context.Context) error {
	var found []Interface
	err := netlink.Dump(ctx, unix.NETLINK_ROUTE, unix.RTM_GETLINK, make([]byte, 16), func(m netlink.Message) error {
		i, err := parseInterface(m.Body)
		flags, _ := strconv.ParseUint(strings.TrimPrefix(i.RawFlags, "0x"), 16, 32)
		if err == nil && (i.Promiscuity > 0 || flags&flagPromisc != 0) {
			found = append(found, i)
		}
		return nil
	})
	if err != nil && !errors.Is(err, netlink.ErrInterrupted) {
		return fmt.Errorf("listing interfaces: %w", err)
	}
	for _, i := range found {
		err := r.Observe(ctx, "promiscuous-interface", "interface "+i.Name+" takes packets that are not for it", "/network/interfaces.jsonl",
			map[string]string{"interface": i.Name, "promiscuity": strconv.Itoa(int(i.Promiscuity)), "flags": strings.Join(i.Flags, ","), "kind": i.Kind, "master": strconv.Itoa(int(i.Master))})
		if err != nil {
			return err
		}
	}
	return nil
}
