package clitest

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func fileCommands() map[string]command {
	return map[string]command{
		"flip": flip, "append": appendTo, "swap": swap, "random": random, "hex": unhex,
		"glob": glob, "same": same, "touch": touch, "count": count, "await": await,
	}
}

// one is the one file that a pattern names.
func one(ts *testscript.TestScript, pattern string) string {
	list, err := filepath.Glob(ts.MkAbs(pattern))
	ts.Check(err)
	if len(list) != 1 {
		ts.Fatalf("%s names %d files, want 1: %q", pattern, len(list), list)
	}
	return list[0]
}

func want(ts *testscript.TestScript, neg bool, args []string, n int, usage string) {
	if neg || len(args) != n {
		ts.Fatalf("usage: %s", usage)
	}
}

// flip turns one bit of the byte at OFFSET (from the end where negative).
func flip(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "flip FILE OFFSET")
	name := one(ts, args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	if n < 0 {
		n += len(b)
	}
	b[n] ^= 1
	ts.Check(os.WriteFile(name, b, 0o600))
}

func appendTo(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "append FILE TEXT")
	name := one(ts, args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	ts.Check(os.WriteFile(name, append(b, args[1]...), 0o600))
}

// swap exchanges the contents of two files; their names stay.
func swap(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "swap A B")
	a, b := one(ts, args[0]), one(ts, args[1])
	ab, err := os.ReadFile(a)
	ts.Check(err)
	bb, err := os.ReadFile(b)
	ts.Check(err)
	ts.Check(os.WriteFile(a, bb, 0o600))
	ts.Check(os.WriteFile(b, ab, 0o600))
}

// random makes a file of SIZE bytes that do not compress, the same each time.
func random(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "random FILE SIZE")
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	name := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(name), 0o755))
	ts.Check(Random(name, n))
}

// Random makes a file of n bytes that do not compress; they depend on its base
// name alone.
func Random(name string, n int64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	var seed [32]byte
	copy(seed[:], filepath.Base(name))
	src, buf := rand.NewChaCha8(seed), make([]byte, min(n, 1<<20))
	for n > 0 && err == nil {
		k := min(n, int64(len(buf)))
		src.Read(buf[:k]) // never fails
		_, err = f.Write(buf[:k])
		n -= k
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// unhex writes bytes to a file.
func unhex(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "hex TEXT FILE")
	b, err := hex.DecodeString(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
}

// glob sets VAR to the one file that PATTERN names.
func glob(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "glob VAR PATTERN")
	ts.Setenv(args[0], one(ts, args[1]))
}

// count fails unless PATTERN names N files.
func count(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "count N PATTERN")
	list, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if strconv.Itoa(len(list)) != args[0] {
		ts.Fatalf("%s names %d files, want %s: %q", args[1], len(list), args[0], list)
	}
}

// await waits, a minute at most, until PATTERN names a file.
func await(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "await PATTERN")
	if !appears(ts.MkAbs(args[0])) {
		ts.Fatalf("%s was not there after a minute", args[0])
	}
}

func appears(pattern string) bool {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if list, _ := filepath.Glob(pattern); len(list) > 0 {
			return true
		}
	}
	return false
}

// same compares two files, or "stdout", byte for byte.
func same(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "same A B")
	var body [2][]byte
	for i, a := range args {
		if a == "stdout" {
			body[i] = []byte(ts.ReadFile(a))
			continue
		}
		b, err := os.ReadFile(one(ts, a))
		ts.Check(err)
		body[i] = b
	}
	if !bytes.Equal(body[0], body[1]) {
		ts.Fatalf("%s (%d bytes) and %s (%d bytes) differ", args[0], len(body[0]), args[1], len(body[1]))
	}
}

// touch sets a file's times.
func touch(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, "touch FILE TIME")
	at, err := time.Parse(time.RFC3339Nano, args[1])
	ts.Check(err)
	ts.Check(os.Chtimes(one(ts, args[0]), at, at))
}

// repository is the folder that holds go.mod, or "".
func repository() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, serr := os.Stat(filepath.Join(dir, "go.mod")); serr == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return ""
}

// cacheDir is where scripts/setup keeps what it builds.
func cacheDir() string {
	if d := os.Getenv("XDG_CACHE_HOME"); strings.HasPrefix(d, "/") {
		return filepath.Join(d, "hozen")
	}
	home, _ := os.UserHomeDir()
	return filepath.Join(home, ".cache", "hozen")
}
