package main

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
)

// codes are the exit codes that each command can end with: 4 where it checks
// what was sealed or signed, 3 where there can be gaps, 5 where there can be
// findings.
var codes = map[string]string{
	"collect": "0123", "verify": "01234", "recover": "01234", "ls": "01234", "cat": "01234", "extract": "01234", "analyze": "012345",
	"store put": "01234", "store get": "01234", "store ls": "012", "custody show": "0124", "custody verify": "01234", "custody script": "02",
	"keys new": "012", "keys show": "012", "keys export": "012", "version": "02", "help": "02",
}

// noted takes the exit code that a script's line expects of a command of hozen:
// exec is 0, "take N" is what collect ends with.
func noted(line string, seen map[string]string) {
	words := strings.Fields(line)
	for len(words) > 0 && strings.HasPrefix(words[0], "[") {
		words = words[1:]
	}
	if len(words) < 3 {
		return
	}
	code := "0"
	switch words[0] {
	case "take":
		seen["collect"] += words[1]
		return
	case "exits":
		code, words = words[1], words[2:]
	case "exec":
		words = words[1:]
	default:
		return
	}
	if words[0] != "hozen" || len(words) < 2 {
		return
	}
	name := words[1]
	if _, whole := codes[name]; !whole && len(words) > 2 {
		name += " " + words[2]
	}
	seen[name] += code
}

// Every command has a script for each code that it can end with.
func TestEveryExitCodeHasAScript(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal(scripts, err)
	}
	seen := map[string]string{}
	for _, name := range scripts {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for s := bufio.NewScanner(f); s.Scan() && !strings.HasPrefix(s.Text(), "-- "); {
			noted(s.Text(), seen)
		}
		f.Close()
	}
	for name, want := range codes {
		for _, c := range want {
			if !strings.ContainsRune(seen[name], c) {
				t.Errorf("no script has hozen %s end with %c", name, c)
			}
		}
		for _, c := range seen[name] {
			if !strings.ContainsRune(want, c) {
				t.Errorf("a script has hozen %s end with %c, which is not among its codes", name, c)
			}
		}
	}
}

// The table above has every command.
func TestCodesAreWhole(t *testing.T) {
	var have []string
	var walk func(*cobra.Command, string)
	walk = func(c *cobra.Command, prefix string) {
		for _, sub := range c.Commands() {
			if sub.HasSubCommands() {
				walk(sub, sub.Name()+" ")
			} else {
				have = append(have, prefix+sub.Name())
			}
		}
	}
	walk(cli.Tree(program()), "")
	for _, name := range have {
		if codes[name] == "" {
			t.Errorf("no exit codes are stated for %s", name)
		}
	}
	for name := range codes {
		if name != "help" && !slices.Contains(have, name) { // cobra adds help when it runs
			t.Errorf("there is no command %s", name)
		}
	}
}
