package decode

// Stats counts what was decoded and, above all, what was not.
type Stats struct {
	Packets   int   `json:"packets"`
	Bytes     int64 `json:"bytes,string"` // on the wire
	Datagrams int   `json:"datagrams"`    // IP payloads found, in tunnels too
	Snapped   int   `json:"snapped"`      // packets captured in part only (snapshot length)
	WithoutIP int   `json:"without_ip"`
	Panics    int   `json:"decoder_panics"`

	// By what it was, e.g. "arp", "ethertype 0x88cc", "link type 147": no
	// fault, but nothing here reads it. Undecoded is the sum.
	Other     map[string]int `json:"other,omitempty"`
	Undecoded int            `json:"undecoded"`
	// Malformed headers, by layer.
	Malformed map[string]int `json:"malformed,omitempty"`
	// UnknownLinks counts packets whose whole link layer is unknown.
	UnknownLinks int `json:"unknown_link_types"`

	Fragments        int `json:"fragments"`
	FragmentConflict int `json:"fragment_conflicts"` // overlaps with other bytes; the first to arrive stand
	FragmentOverlap  int `json:"fragment_overlaps"`
	Reassembled      int `json:"datagrams_reassembled"`
	FragmentsExpired int `json:"datagrams_unfinished"`     // pieces never arrived
	FragmentsDropped int `json:"datagrams_over_the_limit"` // given up for memory
	FragmentsBad     int `json:"fragments_unusable"`       // truncated, or past 64 KiB
}

// maxReasons bounds the keys of a counter; the rest is counted as "more".
const maxReasons = 64

func (s *Stats) count(m *map[string]int, key string) {
	if *m == nil {
		*m = make(map[string]int)
	}
	if _, ok := (*m)[key]; !ok && len(*m) >= maxReasons {
		key = "more"
	}
	(*m)[key]++
}

func (d *Decoder) malformed(layer string) { d.Stats.count(&d.Stats.Malformed, layer) }

func (d *Decoder) other(what string) {
	d.Stats.Undecoded++
	d.Stats.count(&d.Stats.Other, what)
}
