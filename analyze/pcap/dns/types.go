package dns

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Record types that are decoded, of the IANA registry.
const (
	TypeA     = 1
	TypeNS    = 2
	TypeCNAME = 5
	TypeSOA   = 6
	TypePTR   = 12
	typeHINFO = 13
	TypeMX    = 15
	TypeTXT   = 16
	typeRP    = 17
	typeAFSDB = 18
	TypeAAAA  = 28
	TypeSRV   = 33
	typeNAPTR = 35
	typeKX    = 36
	typeDNAME = 39
	typeOPT   = 41
	typeDS    = 43
	typeSSHFP = 44
	typeRRSIG = 46
	typeNSEC  = 47
	typeSVCB  = 64
	typeHTTPS = 65
	typeSPF   = 99
	typeANY   = 255
	typeCAA   = 257
)

// TypeName returns the mnemonic of a record type, or TYPE1234 (RFC 3597).
func TypeName(t uint16) string {
	switch t {
	case TypeA:
		return "A"
	case TypeNS:
		return "NS"
	case TypeCNAME:
		return "CNAME"
	case TypeSOA:
		return "SOA"
	case TypePTR:
		return "PTR"
	case typeHINFO:
		return "HINFO"
	case TypeMX:
		return "MX"
	case TypeTXT:
		return "TXT"
	case TypeAAAA:
		return "AAAA"
	case TypeSRV:
		return "SRV"
	case typeNAPTR:
		return "NAPTR"
	case typeDNAME:
		return "DNAME"
	case typeOPT:
		return "OPT"
	case typeDS:
		return "DS"
	case typeSSHFP:
		return "SSHFP"
	case typeRRSIG:
		return "RRSIG"
	case typeNSEC:
		return "NSEC"
	case typeSVCB:
		return "SVCB"
	case typeHTTPS:
		return "HTTPS"
	case typeSPF:
		return "SPF"
	case typeANY:
		return "ANY"
	case typeCAA:
		return "CAA"
	}
	return fmt.Sprintf("TYPE%d", t)
}

// rdata decodes the data of r, which ends at end.
func (p *parser) rdata(r *Record, end int) (err error) {
	b := p.msg[p.off:end]
	fixed := 0 // bytes before a name
	switch r.Type {
	case TypeA, TypeAAAA:
		return addr(r, b)
	case TypeNS, TypeCNAME, TypePTR, typeDNAME, typeRP, typeNSEC, TypeSOA:
	case TypeMX, typeAFSDB, typeKX, typeSVCB, typeHTTPS:
		fixed = 2
	case TypeSRV:
		fixed = 6
	case TypeTXT, typeSPF, typeHINFO:
		return text(r, b)
	case typeNAPTR:
		return p.naptr(r, end)
	default:
		r.Text = hex.EncodeToString(b[:min(len(b), maxText/2)])
		return nil
	}
	if len(b) == 0 { // dynamic update (RFC 2136) uses records without data
		return nil
	}
	if len(b) < fixed {
		return fmt.Errorf("%d bytes of data", len(b))
	}
	r.Text = fixedText(r.Type, b[:fixed])
	p.off += fixed
	if r.Target, err = p.name(end); err == nil && (r.Type == typeSVCB || r.Type == typeHTTPS) {
		err = p.hints(r, end)
	}
	return err
}

// Keys of the addresses among the parameters of a service (RFC 9460 section
// 14.3.2), and how many of these are kept.
const (
	keyIPv4Hint = 4
	keyIPv6Hint = 6
	maxHints    = 64
)

// hints reads the addresses that a service binding gives (RFC 9460 section 2.2).
func (p *parser) hints(r *Record, end int) error {
	b := p.msg[p.off:end]
	for len(b) > 0 {
		if len(b) < 4 || int(binary.BigEndian.Uint16(b[2:])) > len(b)-4 {
			return errors.New("service parameters past the end")
		}
		key, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		size := map[uint16]int{keyIPv4Hint: 4, keyIPv6Hint: 16}[key]
		for v := b[4 : 4+n]; size > 0 && len(v) >= size && len(r.Hints) < maxHints; v = v[size:] {
			a, _ := netip.AddrFromSlice(v[:size])
			r.Hints = append(r.Hints, a)
		}
		b = b[4+n:]
	}
	return nil
}

// fixedText shows preference, or priority, weight and port.
func fixedText(t uint16, b []byte) string {
	switch {
	case len(b) == 6:
		return fmt.Sprintf("%d %d %d", binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[4:]))
	case len(b) == 2:
		return fmt.Sprint(binary.BigEndian.Uint16(b))
	}
	return ""
}

func addr(r *Record, b []byte) error {
	a, ok := netip.AddrFromSlice(b)
	if len(b) == 0 {
		return nil
	}
	if !ok || a.Is4() != (r.Type == TypeA) {
		return fmt.Errorf("address of %d bytes", len(b))
	}
	r.Addr = a
	return nil
}

// text joins character strings (RFC 1035 section 3.3) with a space between
// those of HINFO and nothing between those of TXT (RFC 7208 section 3.3).
func text(r *Record, b []byte) error {
	var out strings.Builder
	for len(b) > 0 && out.Len() < maxText {
		n := int(b[0])
		if n > len(b)-1 {
			return fmt.Errorf("string of %d bytes, %d left", n, len(b)-1)
		}
		if r.Type == typeHINFO && out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.Write(b[1 : 1+n])
		b = b[1+n:]
	}
	r.Text = strings.ToValidUTF8(out.String(), "\uFFFD")
	return nil
}

// naptr skips order, preference and three strings before the replacement
// (RFC 3403 section 4).
func (p *parser) naptr(r *Record, end int) (err error) {
	at := p.off + 4
	for range 3 {
		if at >= end || at+1+int(p.msg[at]) > end {
			return fmt.Errorf("strings past the end")
		}
		at += 1 + int(p.msg[at])
	}
	p.off = at
	r.Target, err = p.name(end)
	return err
}
