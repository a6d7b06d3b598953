package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/cmd/internal/clitest"
)

func TestMain(m *testing.M) {
	asWorker() // a sweep starts the binary it is in
	testscript.Main(m, map[string]func(){"hozen": func() {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}})
}

// TestScripts runs every command as a user would.
func TestScripts(t *testing.T) {
	var holds []string
	if facts().Libyara != "" {
		holds = append(holds, "yara")
	}
	clitest.Scripts(t, "testdata/script", holds...)
}

func TestHelpIsWhole(t *testing.T) {
	for _, bad := range cli.Lint(cli.Tree(program())) {
		t.Error(bad)
	}
}

// call runs the program as a shell would, in this process.
func call(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}
