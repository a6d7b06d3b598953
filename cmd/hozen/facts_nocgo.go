//go:build !cgo

package main

import "github.com/hozen-dfir/hozen/cmd/internal/cli"

func facts() cli.Facts {
	return cli.Facts{Capabilities: []string{"collect", "verify", "analyze", "store", "custody", "ioc", "pcap"}}
}
