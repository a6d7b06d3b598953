package main

import "github.com/hozen-dfir/hozen/cmd/internal/cli"

// commands is the list of every command, in the order of --help. version is
// added by package cli.
func commands() []cli.Constructor {
	return []cli.Constructor{}
}
