package network

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/sinktest"
	"github.com/hozen-dfir/hozen/collect/sourcetest"
)

func liveSource() collect.Source {
	s := sourcetest.NewDir("/", collect.Linux)
	s.In.Name, s.In.Live = "live", true
	return s
}

func take(t *testing.T) *sinktest.Sink {
	t.Helper()
	sink := &sinktest.Sink{}
	if err := New().Collect(context.Background(), liveSource(), sink); err != nil {
		t.Fatal(err)
	}
	return sink
}

func observations(t *testing.T, sink *sinktest.Sink, kind string) (out []collect.Observation) {
	t.Helper()
	for _, g := range sink.Items() {
		var o collect.Observation
		if g.Record.Source != "hozen" {
			continue
		}
		if err := json.Unmarshal(g.Bytes, &o); err != nil {
			t.Fatal(err)
		}
		if o.Kind == kind {
			out = append(out, o)
		}
	}
	return out
}

func ipJSON[T any](t *testing.T, args ...string) (out []T) {
	t.Helper()
	b, err := exec.Command("ip", append([]string{"-j", "-d"}, args...)...).Output()
	if err != nil {
		t.Fatalf("ip %v: %v", args, err)
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("ip %v: %v", args, err)
	}
	return out
}

func ipRun(t *testing.T, line string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v %s", line, err, out)
	}
}

func TestTablesAgainstIP(t *testing.T) {
	if !sourcetest.OwnNamespace(t, "ip", "ss") {
		return
	}
	for _, l := range []string{
		"link set lo up", "link add v0 type veth peer name v1", "link set v0 address 02:00:00:00:00:05",
		"link set v0 up", "link set v1 up", "link set v1 promisc on", "link set v0 alias odd",
		"addr add 10.9.8.1/24 brd + dev v0", "addr add 10.9.8.9 peer 10.7.7.7/32 dev v0", "addr add 2001:db8::1/64 dev v0 nodad",
		"route add 192.0.2.0/24 via 10.9.8.77 dev v0 metric 7 src 10.9.8.1", "route add blackhole 198.51.100.0/24",
		"route add 203.0.113.0/24 table 4242 dev v0", "-6 route add 2001:db8:5::/48 via 2001:db8::99 dev v0 metric 50",
		"route add 100.64.0.0/10 nexthop via 10.9.8.3 dev v0 weight 3 nexthop via 10.9.8.4 dev v0 weight 1",
		"rule add from 10.9.8.0/24 to 10.0.0.0/8 fwmark 0x5/0xff table 4242 priority 99", "-6 rule add iif v0 prohibit priority 98",
		"rule add uidrange 1000-2000 table 4242 priority 97",
		"neigh add 10.9.8.77 lladdr 02:11:22:33:44:55 dev v0 nud permanent", "neigh add 2001:db8::99 lladdr 02:11:22:33:44:66 dev v0 nud stale",
		"neigh add proxy 10.9.8.200 dev v0", "neigh add proxy 2001:db8::c8 dev v0",
	} {
		ipRun(t, l)
	}
	sink := take(t)
	compareInterfaces(t, sink)
	compareAddresses(t, sink)
	compareRoutes(t, sink)
	compareRules(t, sink)
	compareNeighbours(t, sink)
	seen := observations(t, sink, "promiscuous-interface")
	if len(seen) != 1 || seen[0].Facts["interface"] != "v1" {
		t.Errorf("promiscuous interfaces %+v, want v1 alone", seen)
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	sort.Strings(got)
	sort.Strings(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s differ (-ip +ours):\n%s", what, d)
	}
	if len(want) == 0 {
		t.Errorf("no %s to compare", what)
	}
}

func compareInterfaces(t *testing.T, sink *sinktest.Sink) {
	type ipLink struct {
		Ifindex          int
		Ifname, Address  string
		Broadcast, Qdisc string
		Operstate        string
		MTU              int
		Flags            []string
		Promiscuity      int
		Linkinfo         struct {
			Kind string `json:"info_kind"`
		}
		Ifalias string
	}
	var got, want []string
	for _, i := range sinktest.Lines[Interface](t, sink, "/network/interfaces.jsonl") {
		got = append(got, fmt.Sprint(i.Index, i.Name, i.Address, i.Broadcast, i.QDisc, strings.ToUpper(i.OperState), i.MTU, i.Promiscuity, i.Kind, i.Alias,
			slices.Contains(i.Flags, "promisc"), slices.Contains(i.Flags, "lower_up"), slices.Contains(i.Flags, "loopback")))
		if i.Counters["rx_packets"] == "" {
			t.Errorf("no counters of %s", i.Name)
		}
	}
	for _, i := range ipJSON[ipLink](t, "link") {
		want = append(want, fmt.Sprint(i.Ifindex, i.Ifname, i.Address, i.Broadcast, i.Qdisc, i.Operstate, i.MTU, i.Promiscuity, i.Linkinfo.Kind, i.Ifalias,
			slices.Contains(i.Flags, "PROMISC"), slices.Contains(i.Flags, "LOWER_UP"), slices.Contains(i.Flags, "LOOPBACK")))
	}
	same(t, "interfaces", got, want)
}

func compareAddresses(t *testing.T, sink *sinktest.Sink) {
	type ipAddr struct {
		Ifname string
		Info   []struct {
			Family, Local, Broadcast, Scope, Label string
			Peer                                   string `json:"address"`
			Prefixlen                              int
			Valid                                  uint32 `json:"valid_life_time"`
		} `json:"addr_info"`
	}
	var got, want []string
	for _, a := range sinktest.Lines[Address](t, sink, "/network/addresses.jsonl") {
		got = append(got, fmt.Sprint(a.Interface, a.Family, a.Address, a.Peer, a.Prefix, a.Broadcast, a.Scope, a.Label, a.Valid))
	}
	for _, i := range ipJSON[ipAddr](t, "addr") {
		for _, a := range i.Info {
			want = append(want, fmt.Sprint(i.Ifname, a.Family, a.Local, a.Peer, a.Prefixlen, a.Broadcast, a.Scope, a.Label, lifetime(a.Valid)))
		}
	}
	same(t, "addresses", got, want)
}

func compareRoutes(t *testing.T, sink *sinktest.Sink) {
	type ipRoute struct {
		Type, Dst, Gateway, Dev, Prefsrc, Table, Scope string
		Metric                                         uint32
		Nexthops                                       []struct {
			Gateway, Dev string
			Weight       int
		}
	}
	tables := map[uint32]string{254: "", 255: "local", 253: "default"}
	for fam, flag := range map[string]string{"inet": "-4", "inet6": "-6"} {
		var got, want []string
		for _, r := range sinktest.Lines[Route](t, sink, "/network/routes.jsonl") {
			if r.Family != fam {
				continue
			}
			table, ok := tables[r.Table]
			if !ok {
				table = fmt.Sprint(r.Table)
			}
			dst := strings.TrimSuffix(strings.TrimSuffix(r.Dst, "/32"), "/128")
			got = append(got, fmt.Sprint(r.Type, " ", dst, " ", table, r.PrefSrc, r.Priority, r.Hops))
		}
		for _, r := range ipJSON[ipRoute](t, flag, "route", "show", "table", "all") {
			hops := []Hop(nil)
			for _, n := range r.Nexthops {
				hops = append(hops, Hop{Gateway: n.Gateway, Interface: n.Dev, Weight: n.Weight, Index: index(n.Dev)})
			}
			if h := (Hop{Gateway: r.Gateway, Interface: r.Dev, Index: index(r.Dev)}); h != (Hop{}) && len(hops) == 0 {
				hops = []Hop{h}
			}
			want = append(want, fmt.Sprint(r.Type, " ", r.Dst, " ", strings.TrimPrefix(r.Table, "main"), r.Prefsrc, r.Metric, hops))
		}
		same(t, fam+" routes", got, want)
	}
}

func index(name string) uint32 {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return 0
	}
	return uint32(i.Index)
}

func compareRules(t *testing.T, sink *sinktest.Sink) {
	type ipRule struct {
		Priority                     uint32
		Src, Dst, Table, Action, Iif string
		Srclen, Dstlen               int
		Fwmark, Fwmask               string
		UIDStart                     *uint32 `json:"uid_start"`
		UIDEnd                       *uint32 `json:"uid_end"`
	}
	names := map[uint32]string{254: "main", 255: "local", 253: "default", 0: ""}
	var got, want []string
	for _, r := range sinktest.Lines[Rule](t, sink, "/network/rules.jsonl") {
		table, ok := names[r.Table]
		if !ok {
			table = fmt.Sprint(r.Table)
		}
		got = append(got, fmt.Sprint(r.Priority, " ", r.Src, " ", r.Dst, " ", table, " ", r.IIF, " ", r.Mark, " ", r.UIDs, " ", r.Action == "prohibit"))
	}
	for _, flag := range []string{"-4", "-6"} {
		for _, r := range ipJSON[ipRule](t, flag, "rule") {
			pre := func(a string, n int) string {
				if a == "" || a == "all" {
					return ""
				}
				return fmt.Sprintf("%s/%d", a, n)
			}
			mark, uids := "", ""
			if r.Fwmark != "" {
				mark = r.Fwmark + "/" + r.Fwmask
			}
			if r.UIDStart != nil {
				uids = fmt.Sprintf("%d-%d", *r.UIDStart, *r.UIDEnd)
			}
			want = append(want, fmt.Sprint(r.Priority, " ", pre(r.Src, r.Srclen), " ", pre(r.Dst, r.Dstlen), " ", r.Table, " ", r.Iif, " ", mark, " ", uids, " ", r.Action == "prohibit"))
		}
	}
	same(t, "rules", got, want)
}

func compareNeighbours(t *testing.T, sink *sinktest.Sink) {
	type ipNeigh struct {
		Dst, Dev, Lladdr string
		State            []string
	}
	var got, want []string
	for _, n := range sinktest.Lines[Neighbour](t, sink, "/network/neighbours.jsonl") {
		if n.Family != "bridge" && !slices.Contains(n.State, "noarp") {
			got = append(got, fmt.Sprint(n.Dst, n.Interface, n.LLAddr, n.State, n.Proxy))
		}
	}
	for _, n := range ipJSON[ipNeigh](t, "neigh", "show", "proxy") {
		want = append(want, fmt.Sprint(n.Dst, n.Dev, "", []string{}, true))
	}
	for _, n := range ipJSON[ipNeigh](t, "neigh") {
		for i := range n.State {
			n.State[i] = strings.ToLower(n.State[i])
		}
		want = append(want, fmt.Sprint(n.Dst, n.Dev, n.Lladdr, n.State, false))
	}
	same(t, "neighbours", got, want)
}
