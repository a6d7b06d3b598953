package worker_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker"
)

// inParent names the environment variable that makes this binary a parent with
// hung workers.
const inParent = "HOZEN_TEST_PARENT"

func parent() {
	p, err := worker.Start(context.Background(), worker.Options{Workers: 2, Config: config()})
	if err != nil {
		fmt.Println(err)
		return
	}
	time.AfterFunc(300*time.Millisecond, func() { fmt.Println("ready") })
	_, _ = analyze.Sweep(context.Background(), []analyze.Target{crowd("spin"), crowd("block")}, p, analyze.Sinks{})
}

// TestOrphans: when the parent is killed its workers end, even while they hang.
func TestOrphans(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{inParent + "=1"}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("parent says %q", line)
	}
	kids := children(cmd.Process.Pid)
	if len(kids) != 2 {
		t.Errorf("%d workers", len(kids))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for range 100 {
		alive := 0
		for _, k := range kids {
			if b, err := os.ReadFile(filepath.Join(k, "cmdline")); err == nil && strings.Contains(string(b), "hozen") {
				alive++
			}
		}
		if alive == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("workers outlive their parent")
}

// children lists the folders in /proc of a process's children.
func children(pid int) (out []string) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		b, err := os.ReadFile(filepath.Join(dir, "status"))
		if err == nil && strings.Contains(string(b), fmt.Sprintf("\nPPid:\t%d\n", pid)) {
			out = append(out, dir)
		}
	}
	return out
}
