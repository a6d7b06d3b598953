// Package sockets lists the sockets of a Linux host from two sides, the
// kernel's sock_diag and the tables below /proc/<pid>/net, and finds the
// processes that hold them.
//
// Formats: sock_diag(7), the uapi headers linux/inet_diag.h, unix_diag.h,
// packet_diag.h and netlink_diag.h, and proc_pid_net(5).
package sockets

import (
	"strconv"

	"github.com/hozen-dfir/hozen/evidence"
)

// Format names the format of one line of a socket list.
const Format = "hozen-socket/1"

// The views in which a socket was seen.
const (
	ViewDiag = "sock_diag"
	ViewProc = "proc"
)

// Socket is one socket as a line of JSON. Queues are in bytes (for listening
// TCP sockets: connections waiting, and the most that may wait).
type Socket struct {
	Format   string `json:"format"`
	NetNS    string `json:"netns,omitempty"` // inode of the network namespace
	Family   string `json:"family"`          // inet, inet6, unix, packet, netlink
	Protocol string `json:"protocol"`        // tcp, udp, raw …; of unix: stream, dgram, seqpacket; of netlink: its number
	State    string `json:"state,omitempty"`
	Local    string `json:"local,omitempty"`  // address:port, of raw sockets the address
	Remote   string `json:"remote,omitempty"` // likewise
	Name     string `json:"name,omitempty"`   // of a unix socket; an abstract one begins with "@"
	NameB64  string `json:"name_b64,omitempty"`
	Peer     string `json:"peer_inode,omitempty"` // of a unix socket

	Inode   string   `json:"inode"` // "0" where no process holds it (TIME_WAIT)
	UID     *uint32  `json:"uid,omitempty"`
	User    string   `json:"user,omitempty"`
	RxQueue uint32   `json:"rx_queue"`
	TxQueue uint32   `json:"tx_queue"`
	IfIndex uint32   `json:"if_index,omitempty"` // bound to this interface
	IfName  string   `json:"if_name,omitempty"`
	Number  uint32   `json:"number,omitempty"` // raw: IP protocol; packet: Ethernet type; netlink: port id
	Views   []string `json:"views"`
	Owners  []Owner  `json:"owners,omitempty"`
}

// Owner is one open file that refers to a socket.
type Owner struct {
	PID  int    `json:"pid"`
	FD   int    `json:"fd"`
	Comm string `json:"comm,omitempty"`
}

// key identifies a socket within one network namespace. Sockets that nobody
// holds have no inode; their addresses tell them apart.
func (s *Socket) key() string {
	if s.Inode != "0" && s.Inode != "" {
		return s.Inode
	}
	return s.Family + " " + s.Protocol + " " + s.Local + " " + s.Remote + " " + s.State
}

// Summary is the socket in a few words: "tcp 10.0.0.1:22 > 10.0.0.5:3345 ESTABLISHED".
func (s *Socket) Summary() string {
	out := s.Family + " " + s.Protocol
	if s.Family == "inet" || s.Family == "inet6" {
		out = s.Protocol
	}
	for _, v := range []string{s.Local, s.Name} {
		if v != "" {
			out += " " + v
		}
	}
	if s.Remote != "" {
		out += " > " + s.Remote
	}
	if s.Number != 0 {
		out += " number " + strconv.FormatUint(uint64(s.Number), 10)
	}
	if s.State != "" {
		out += " " + s.State
	}
	return out
}

func (s *Socket) setName(raw string) { s.Name, s.NameB64 = evidence.Text(raw) }

// tcpStates are the states of net/tcp_states.h.
var tcpStates = [...]string{
	1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RECV", 4: "FIN_WAIT1", 5: "FIN_WAIT2", 6: "TIME_WAIT",
	7: "CLOSE", 8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN", 11: "CLOSING", 12: "NEW_SYN_RECV",
	13: BoundInactive,
}

// BoundInactive is the state of a TCP socket that has an address and neither
// listens nor is connected.
const BoundInactive = "BOUND_INACTIVE"

// state names a state number; sockets without connections rest in CLOSE.
func state(protocol string, n uint8) string {
	switch {
	case n == 7 && protocol != "tcp":
		return "UNCONNECTED"
	case int(n) < len(tcpStates) && tcpStates[n] != "":
		return tcpStates[n]
	}
	return strconv.Itoa(int(n))
}

// sockTypes are the values of linux/net.h.
func sockType(n uint8) string {
	switch n {
	case 1:
		return "stream"
	case 2:
		return "dgram"
	case 3:
		return "raw"
	case 5:
		return "seqpacket"
	}
	return strconv.Itoa(int(n))
}
