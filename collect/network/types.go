package network

// Interface is one network interface. 64-bit counters are strings.
type Interface struct {
	Format      string            `json:"format"` // hozen-interface/1
	Index       int32             `json:"index"`
	Name        string            `json:"name"`
	AltNames    []string          `json:"alt_names,omitempty"`
	Alias       string            `json:"alias,omitempty"`
	Type        uint16            `json:"type"`              // ARPHRD_…: 1 Ethernet, 772 loopback
	Kind        string            `json:"kind,omitempty"`    // veth, bridge, vlan, tun, wireguard …
	Address     string            `json:"address,omitempty"` // link layer
	Broadcast   string            `json:"broadcast,omitempty"`
	Permanent   string            `json:"permanent_address,omitempty"` // as the device was made
	MTU         uint32            `json:"mtu"`
	Flags       []string          `json:"flags"`
	RawFlags    string            `json:"raw_flags"`   // hex
	Promiscuity uint32            `json:"promiscuity"` // how many ask for all packets
	OperState   string            `json:"oper_state,omitempty"`
	Master      uint32            `json:"master,omitempty"` // index
	Link        uint32            `json:"link,omitempty"`   // index of the lower or peer interface
	LinkNetNS   string            `json:"link_netns_id,omitempty"`
	QDisc       string            `json:"qdisc,omitempty"`
	XDP         uint8             `json:"xdp_mode,omitempty"` // 1 driver, 2 generic, 3 hardware, 4 several
	XDPProgram  uint32            `json:"xdp_program,omitempty"`
	Counters    map[string]string `json:"counters,omitempty"`
}

// Address is one address of an interface.
type Address struct {
	Format    string   `json:"format"` // hozen-address/1
	Index     uint32   `json:"index"`  // of the interface
	Interface string   `json:"interface,omitempty"`
	Family    string   `json:"family"`
	Address   string   `json:"address"`
	Prefix    uint8    `json:"prefix"`
	Peer      string   `json:"peer,omitempty"`
	Broadcast string   `json:"broadcast,omitempty"`
	Label     string   `json:"label,omitempty"`
	Scope     string   `json:"scope"`
	Flags     []string `json:"flags,omitempty"`
	Valid     string   `json:"valid_seconds,omitempty"` // "forever" or seconds left
	Preferred string   `json:"preferred_seconds,omitempty"`
}

// Hop is one way of a route.
type Hop struct {
	Gateway   string `json:"gateway,omitempty"`
	Index     uint32 `json:"index,omitempty"`
	Interface string `json:"interface,omitempty"`
	Weight    int    `json:"weight,omitempty"`
}

// Route is one entry of a routing table.
type Route struct {
	Format    string `json:"format"` // hozen-route/1
	Family    string `json:"family"`
	Table     uint32 `json:"table"` // 254 main, 255 local, 253 default
	Type      string `json:"type"`
	Dst       string `json:"dst"` // "default" or address/prefix
	Src       string `json:"src,omitempty"`
	PrefSrc   string `json:"preferred_source,omitempty"`
	Priority  uint32 `json:"priority,omitempty"`
	Protocol  uint8  `json:"protocol"` // who made it: 2 kernel, 3 boot, 4 static, 16 dhcp …
	Scope     string `json:"scope"`
	TOS       uint8  `json:"tos,omitempty"`
	Flags     uint32 `json:"flags,omitempty"`
	Encap     uint16 `json:"encapsulation,omitempty"`
	NextHopID uint32 `json:"next_hop_id,omitempty"`
	Hops      []Hop  `json:"hops,omitempty"`
}

// Rule is one routing policy rule.
type Rule struct {
	Format   string `json:"format"` // hozen-rule/1
	Family   string `json:"family"`
	Priority uint32 `json:"priority"`
	Action   string `json:"action"`
	Table    uint32 `json:"table,omitempty"`
	Src      string `json:"src,omitempty"`
	Dst      string `json:"dst,omitempty"`
	IIF      string `json:"in_interface,omitempty"`
	OIF      string `json:"out_interface,omitempty"`
	Mark     string `json:"mark,omitempty"` // hex value/mask
	Goto     uint32 `json:"goto,omitempty"`
	UIDs     string `json:"uids,omitempty"` // first-last
	IPProto  uint8  `json:"ip_protocol,omitempty"`
	TOS      uint8  `json:"tos,omitempty"`
	Invert   bool   `json:"invert,omitempty"`
	Protocol uint8  `json:"protocol,omitempty"` // who made it
}

// Neighbour is one entry of a neighbour or bridge forwarding table. Ages are
// seconds with two decimals.
type Neighbour struct {
	Format    string   `json:"format"` // hozen-neighbour/1
	Family    string   `json:"family"`
	Index     int32    `json:"index"`
	Interface string   `json:"interface,omitempty"`
	Dst       string   `json:"dst,omitempty"`
	LLAddr    string   `json:"link_address,omitempty"`
	State     []string `json:"state"`
	Router    bool     `json:"router,omitempty"`
	Proxy     bool     `json:"proxy,omitempty"`
	VLAN      uint16   `json:"vlan,omitempty"`
	Used      string   `json:"used_ago,omitempty"`
	Confirmed string   `json:"confirmed_ago,omitempty"`
	Updated   string   `json:"updated_ago,omitempty"`
}

// Namespace is one network namespace.
type Namespace struct {
	Format    string   `json:"format"` // hozen-network-namespace/1
	Inode     string   `json:"inode"`
	Own       bool     `json:"own,omitempty"` // the collector's
	Processes int      `json:"processes"`
	FirstPID  int      `json:"first_pid,omitempty"`
	FirstComm string   `json:"first_comm,omitempty"`
	Mounts    []string `json:"mounts,omitempty"` // where it is kept by a mount
	Sockets   int      `json:"sockets"`
	Error     string   `json:"error,omitempty"` // why its tables could not be read
}
