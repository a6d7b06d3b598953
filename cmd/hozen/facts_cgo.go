//go:build cgo

package main

// #cgo !yara_static pkg-config: yara
// #cgo yara_static pkg-config: --static yara
// #include <yara.h>
import "C"

import "github.com/hozen-dfir/hozen/cmd/internal/cli"

// facts names the libyara that go-yara's own cgo lines link: the flags above
// are the same.
func facts() cli.Facts {
	return cli.Facts{
		Libyara:      C.YR_VERSION,
		Capabilities: []string{"collect", "verify", "analyze", "store", "custody", "ioc", "pcap", "yara"},
	}
}
