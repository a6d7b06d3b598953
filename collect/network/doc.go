// Package network is the built-in artifact "hozen.network": the state of the
// running Linux host's network, asked of the kernel over netlink and read from
// /proc. Nothing is sent, nothing is changed, and no namespace is entered.
//
// Its items belong to the live source and are of type stream:
//
//	/network/interfaces.jsonl   one Interface a line
//	/network/addresses.jsonl    one Address a line
//	/network/routes.jsonl       one Route a line: IPv4, IPv6 and MPLS, all tables
//	/network/rules.jsonl        one Rule a line: which table is asked for what
//	/network/neighbours.jsonl   one Neighbour a line: ARP, NDP, bridge tables
//	/network/sockets.jsonl      one sockets.Socket a line, of every network namespace
//	/network/namespaces.jsonl   one Namespace a line
//	/network/owners             outcome denied: processes whose sockets can't be told
//	/network/raw/<namespace>/…  tables of /proc/<pid>/net as the kernel prints them
//
// Interfaces to neighbours are those of the collector's own network namespace;
// of the others there are the sockets and the raw tables. Sockets of the own
// namespace come from sock_diag and from /proc: "views" says which showed them.
// Observations: hidden-socket, packet-socket, promiscuous-interface.
package network
