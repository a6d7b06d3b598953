// Package clitest holds what the tests of both binaries share: running a
// program's commands as scripts, with their exit codes, and what the scripts
// need beside them (JSON read back, bits flipped, odd files, an S3 server).
package clitest

import (
	"errors"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// Scripts runs the scripts of dir, each in a folder of its own. The programs
// that TestMain registered are on the PATH. Beside testscript's own commands
// there are
//
//	exits N program args…
//	take N OUT args…
//	json FILE [path~regexp…]      setjson VAR FILE path [path~regexp…]
//	flip FILE OFFSET   append FILE TEXT   swap A B   random FILE SIZE   hex TEXT FILE
//	glob VAR PATTERN   same A B   touch FILE TIME   count N PATTERN
//	odd DIR            as N USER program args…
//	interrupt N PATTERN program args…     growing FILE N program args…
//	s3 start | stop | again | bucket NAME     await PATTERN
//
// described where they are defined, and the conditions [root], [s3],
// [images], [corpus] and [yara], which holds where holds names it.
func Scripts(t *testing.T, dir string, holds ...string) {
	testscript.Run(t, testscript.Params{
		Dir:  dir,
		Cmds: commands(),
		Condition: func(c string) (bool, error) {
			if c == "yara" {
				return slices.Contains(holds, c), nil
			}
			return condition(c)
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			// The user's own configuration must not decide a test.
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/.config")
			env.Values[gatewayKeeper{}] = new(*Gateway)
			env.Setenv("REPO", repository())
			env.Setenv("CORPUS", repository()+"/../shared/corpus")
			env.Setenv("IMAGES", cacheDir()+"/fixtures")
			env.Setenv("TOOLS", cacheDir()+"/bin")
			return nil
		},
	})
}

type command = func(*testscript.TestScript, bool, []string)

func commands() map[string]command {
	c := map[string]command{"exits": exits, "take": take}
	maps.Copy(c, jsonCommands())
	maps.Copy(c, fileCommands())
	maps.Copy(c, systemCommands())
	c["s3"] = s3
	return c
}

// exits runs a program and fails unless it ends with exit code N. A program
// that failed must have said why, and none may end by a fault of its own.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N program args…")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	judge(ts, args[0], args[1], got, ts.ReadFile("stderr"))
}

var saidWhy = regexp.MustCompile(`(?m)^error: .`)

func judge(ts *testscript.TestScript, want, program string, got int, stderr string) {
	if want != strconv.Itoa(got) {
		ts.Fatalf("%s ended with exit code %d, want %s\n%s", program, got, want, stderr)
	}
	if fault.MatchString(stderr) {
		ts.Fatalf("%s has a fault\n%s", program, stderr)
	}
	if (got == 1 || got == 2 || got == 4) && !saidWhy.MatchString(stderr) {
		ts.Fatalf("%s ended with exit code %d and did not say why", program, got)
	}
}

var fault = regexp.MustCompile(`internal error|(?m)^(panic: |goroutine \d+ \[|fatal error: )`)

// take collects into OUT by hand: no profile, with what args say beside case,
// examiner and output, and fails unless that ends with exit code N.
func take(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: take N OUT args…")
	}
	line := []string{args[0], "hozen", "collect", "--case", "IR-1", "--examiner", "A. Examiner", "--profile", "none", "--out", args[1]}
	exits(ts, false, append(line, args[2:]...))
}
