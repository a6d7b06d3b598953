package pcap

import (
	"fmt"
	"sort"

	"github.com/hozen-dfir/hozen/analyze/pcap/capture"
	"github.com/hozen-dfir/hozen/analyze/pcap/decode"
	"github.com/hozen-dfir/hozen/analyze/pcap/stream"
)

// Stats is the account of one analysis: what was read, what was found, and
// everything that was not examined.
type Stats struct {
	Read    int64        `json:"bytes_read,string"` // of the capture file
	Decoded decode.Stats `json:"decoded"`
	TCP     stream.Stats `json:"tcp"`

	Flows        int `json:"flows"`
	FlowsExpired int `json:"flows_expired"`  // forgotten to make room, without loss
	FlowsCut     int `json:"flows_cut"`      // forgotten while their streams were alive
	StreamsCut   int `json:"streams_cut"`    // connections whose state was given up for memory
	WindowsCut   int `json:"windows_cut"`    // stream windows handed out without an overlap
	HeadsCut     int `json:"heads_too_long"` // HTTP heads and TLS handshakes over the limit
	RequestsCut  int `json:"requests_unpaired"`

	DNS          int `json:"dns_messages"`
	DNSMalformed int `json:"dns_malformed"` // malformed, or no DNS at all
	DNSCut       int `json:"dns_records_over_the_limit"`
	Requests     int `json:"http_requests"`
	Responses    int `json:"http_responses"`
	HTTP2        int `json:"http2_connections_not_decoded"`
	QUIC         int `json:"quic_datagrams_not_decoded"`
	HellosCut    int `json:"quic_hellos_given_up"` // begun, and given up for newer flows
	ClientHellos int `json:"tls_client_hellos"`
	ServerHellos int `json:"tls_server_hellos"`

	Bodies        int `json:"bodies"`
	BodiesBroken  int `json:"bodies_incomplete"`
	BodiesEncoded int `json:"bodies_not_decoded"` // content coding unknown or wrong
	BodiesCut     int `json:"bodies_over_the_limit"`
	Contents      int `json:"contents"` // windows handed out

	Damage     []string `json:"damage,omitempty"` // of the capture file
	DamageMore int      `json:"damage_more,omitempty"`
	Stopped    bool     `json:"stopped"` // reading ended before the end of the file
}

// incomplete lists why the examination has gaps that are ours or the file's.
// What the network or the sender lost is in the numbers alone.
func (s *Stats) incomplete() error {
	var why []string
	add := func(n int, what string) {
		if n > 0 {
			why = append(why, fmt.Sprintf("%d %s", n, what))
		}
	}
	why = append(why, s.Damage...)
	add(s.DamageMore, "more damaged places")
	add(s.Decoded.UnknownLinks, "packets of link types that are not decoded"+s.linkTypes())
	add(s.Decoded.Panics, "packets that broke a decoder")
	add(s.Decoded.FragmentsDropped, "fragmented datagrams given up for memory")
	add(s.TCP.EarlyGaps, "gaps declared for memory in TCP streams")
	add(s.FlowsCut, "flows forgotten while alive")
	add(s.StreamsCut, "connections given up for memory")
	add(s.WindowsCut, "stream windows cut for memory")
	add(s.HeadsCut, "message heads too long to read")
	add(s.HellosCut, "hellos over QUIC given up for newer flows")
	add(s.RequestsCut, "requests not paired with their response")
	add(s.DNSCut, "DNS messages with too many records")
	add(s.BodiesCut, "bodies not decoded to their end")
	if len(why) == 0 {
		return nil
	}
	return &IncompleteError{Reasons: why}
}

func (s *Stats) linkTypes() string {
	var names []string
	for k := range s.Decoded.Other {
		if len(k) > 10 && k[:10] == "link type " {
			names = append(names, k)
		}
	}
	sort.Strings(names)
	if len(names) > 4 {
		names = append(names[:4], "…")
	}
	return fmt.Sprint(" ", names)
}

func (s *Stats) damage(r *capture.Reader, end error) {
	places, more := r.Skipped()
	for _, d := range places {
		s.Damage = append(s.Damage, d.Error()+" (skipped)")
	}
	s.DamageMore = more
	if end != nil {
		s.Damage = append(s.Damage, end.Error())
		s.Stopped = true
	}
}
