package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"filippo.io/age"

	"github.com/hozen-dfir/hozen/cmd/internal/clitest"
)

// maxResident is what a collection may take of a host's memory, in KiB.
const maxResident = 192 << 10

// TestMemory measures a real collection with as many workers as there can be:
// thousands of small files, files that do not compress, a sparse one.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a few hundred megabytes")
	}
	bin, dir := clitest.BuildCollector(t), t.TempDir()
	tree := filepath.Join(dir, "tree")
	memoryTree(t, tree)
	to := recipients(t)
	for name, args := range map[string][]string{
		"folder": {"--out", filepath.Join(dir, "b")},
		"zip":    {"--out", filepath.Join(dir, "b.zip"), "--hash", "md5,sha1"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(bin, append([]string{"--case", "IR-1", "--examiner", "A", "--to", to[0], "--to", to[1],
				"--profile", "none", "--workers", "16", "--path", tree, "-q"}, args...)...)
			cmd.Env = append(os.Environ(), "GOMAXPROCS=16")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
			t.Logf("peak resident memory %d MiB", peak>>10)
			if peak > maxResident {
				t.Errorf("peak resident memory %d KiB, at most %d are allowed", peak, maxResident)
			}
		})
	}
}

// recipients are two hybrid ones. Nobody keeps their identities.
func recipients(t *testing.T) (out [2]string) {
	for i := range out {
		id, err := age.GenerateHybridIdentity()
		if err != nil {
			t.Fatal(err)
		}
		out[i] = id.Recipient().String()
	}
	return out
}

// memoryTree makes 4,000 files of 1 to 60 KiB, four of 40 MiB that don't
// compress, and a sparse one of 512 MiB.
func memoryTree(t *testing.T, tree string) {
	for i := range 4000 {
		name := filepath.Join(tree, fmt.Sprintf("d%02d", i%60), fmt.Sprintf("f%04d", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := clitest.Random(name, int64(1024+i*15)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 4 {
		if err := clitest.Random(filepath.Join(tree, fmt.Sprintf("big%d", i)), 40<<20); err != nil {
			t.Fatal(err)
		}
	}
	sparse := filepath.Join(tree, "sparse")
	if err := clitest.Random(sparse, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(sparse, 512<<20); err != nil {
		t.Fatal(err)
	}
}
