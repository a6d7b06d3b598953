package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hozen-dfir/hozen/cmd/internal/clitest"
	"github.com/hozen-dfir/hozen/evidence"
)

// The collection that is killed: small files, read so slowly that it takes
// about crashTook.
const (
	crashRate  = 600 << 10 // bytes a second
	crashTook  = 19 * time.Second
	crashUntil = 20 * time.Second // the last moment to kill at
	crashLoss  = 10 * time.Second // what a dying host may cost at most
)

// victim is one collection and its end.
type victim struct {
	out    string
	moment time.Duration // to kill it at
	log    bytes.Buffer
	killed time.Time
	began  time.Time
}

// TestKilled kills real collections at random moments. Whatever the moment,
// what was sealed is there, is right, and is all but the last ten seconds.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	times := 8
	if os.Getenv("HOZEN_FULL") != "" {
		times = 100
	}
	c := newCrash(t)
	var all []*victim
	add := func(n int, format string) { // spread over the whole of the collection
		for i := range n {
			moment := time.Duration((float64(i) + rand.Float64()) / float64(n) * float64(crashUntil))
			all = append(all, &victim{out: fmt.Sprintf(format, i), moment: moment})
		}
	}
	add(times, filepath.Join(c.dir, "folder%03d"))
	add(times, filepath.Join(c.dir, "file%03d.zip"))
	if clitest.GatewayProgram() != "" {
		c.gateway(t)
		add(max(1, times/10), "s3://crash/b%03d")
	} else {
		t.Log("versitygw is not installed: no collection into S3 was killed")
	}
	stalls := watchStalls()
	c.kill(t, all)
	grace := 3 * stalls()
	for _, v := range all {
		t.Run(filepath.Base(v.out), func(t *testing.T) { c.check(t, v, grace) })
	}
}

// crash is what the killed collections share.
type crash struct {
	dir, bin, tree, keys string
	sums                 map[string]string // path → SHA-256
}

func newCrash(t *testing.T) *crash {
	dir := t.TempDir()
	c := &crash{dir: dir, bin: clitest.BuildCollector(t), tree: filepath.Join(dir, "tree"), keys: filepath.Join(dir, "keys"), sums: map[string]string{}}
	if code, _, errs := call("keys", "new", "--name", "A", "--role", "examiner", "--no-passphrase", "--out", c.keys); code != 0 {
		t.Fatal(errs)
	}
	if err := os.Mkdir(c.tree, 0o755); err != nil {
		t.Fatal(err)
	}
	rnd, total := rand.New(rand.NewPCG(1, 2)), int64(0)
	for i := 0; total < int64(crashTook/time.Second)*crashRate; i++ {
		name, n := filepath.Join(c.tree, fmt.Sprintf("f%05d", i)), 2000+rnd.Int64N(40000)
		if err := clitest.Random(name, n); err != nil {
			t.Fatal(err)
		}
		c.sums[name] = sumOf(t, name)
		total += n
	}
	return c
}

// gateway starts an S3 server for this process and those it starts.
func (c *crash) gateway(t *testing.T) {
	g, err := clitest.StartGateway(filepath.Join(c.dir, "s3"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	if err := g.Bucket("crash"); err != nil {
		t.Fatal(err)
	}
	for k, v := range g.Env() {
		t.Setenv(k, v)
	}
}

// kill runs the collections, some at a time, each until its own moment.
func (c *crash) kill(t *testing.T, all []*victim) {
	g := errgroup.Group{}
	g.SetLimit(17)
	for _, v := range all {
		g.Go(func() error {
			cmd := exec.Command(c.bin, "--case", "IR-1", "--examiner", "A", "--to", c.keys, "--profile", "none", "--path", c.tree, "--io", fmt.Sprint(crashRate), "--out", v.out)
			cmd.Stdout, cmd.Stderr = &v.log, &v.log
			if err := cmd.Start(); err != nil {
				return err
			}
			v.began = time.Now()
			time.Sleep(v.moment)
			v.killed = time.Now()
			_ = cmd.Process.Kill() // it may have ended before
			_ = cmd.Wait()
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// check holds what a killed collection left behind against what it had to.
func (c *crash) check(t *testing.T, v *victim, grace time.Duration) {
	code, out, errs := call("verify", v.out, "--identity", c.keys, "--json")
	moment := v.killed.Sub(v.began).Round(time.Millisecond)
	if code == 1 && v.headerless() {
		t.Logf("killed after %v: no bundle yet", moment)
		return
	}
	var report struct{ State string }
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("killed after %v: verify ended with %d\n%s%s", moment, code, out, errs)
	}
	if want := map[bool]int{true: 0, false: 3}[report.State == "complete"]; code != want || report.State == "complete" && !strings.Contains(v.log.String(), "ROOT") && moment < crashTook-2*time.Second {
		t.Fatalf("killed after %v: verify says %q and ended with %d, want %d\n%s", moment, report.State, code, want, errs)
	}
	last, items := c.items(t, v)
	if last.IsZero() {
		last = v.began
	}
	lost := v.killed.Sub(last)
	t.Logf("killed after %v: %s, %d items, %v not sealed", moment, report.State, items, lost.Round(time.Millisecond))
	if report.State != "complete" && lost > crashLoss+grace {
		t.Errorf("killed after %v: %v of work were lost (the machine itself stalled for %v)", moment, lost, grace/3)
	}
	c.recover(t, v, code, items)
}

// headerless reports whether a collection died before its first checkpoint.
func (v *victim) headerless() bool {
	if strings.HasSuffix(v.out, ".zip") {
		b, _ := os.ReadFile(v.out)
		return !bytes.Contains(b, []byte("seal/000000.checkpoint"))
	}
	_, err := os.Stat(filepath.Join(v.out, "seal", "000000.checkpoint"))
	return err != nil
}

// items checks the digest of every sealed item against its file, and returns
// when the last one was taken and how many there are.
func (c *crash) items(t *testing.T, v *victim) (last time.Time, n int) {
	code, out, errs := call("ls", v.out, "--identity", c.keys, "--json", "--source", "live")
	if code == 1 && strings.Contains(errs, "no item matches --source live") { // it died before the first was sealed
		return last, 0
	}
	if code != 0 && code != 3 { // 3: the bundle is unfinished
		t.Fatalf("ls ended with %d\n%s", code, errs)
	}
	for line := range strings.Lines(out) {
		var r evidence.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Ended.After(last) {
			last = r.Ended.Time
		}
		if r.Type != evidence.TypeFile {
			continue
		}
		n++
		if want := c.sums[r.Path]; r.Outcome != evidence.Collected || r.SHA256 != want {
			t.Errorf("%s: %s, SHA-256 %s, want %s", r.Path, r.Outcome, r.SHA256, want)
		}
	}
	return last, n
}

// recover gives the files back, byte for byte.
func (c *crash) recover(t *testing.T, v *victim, want, items int) {
	to := t.TempDir()
	if code, _, errs := call("recover", v.out, "--identity", c.keys, "--out", to); code != want {
		t.Fatalf("recover ended with %d, want %d\n%s", code, want, errs)
	}
	back := 0
	root := filepath.Join(to, "live")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		back++
		if name := strings.TrimPrefix(path, root); sumOf(t, path) != c.sums[name] {
			t.Errorf("%s came back altered", name)
		}
		return nil
	})
	if err != nil && items > 0 {
		t.Error(err)
	}
	if back != items {
		t.Errorf("%d files came back, %d were sealed", back, items)
	}
}

func sumOf(t *testing.T, name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// watchStalls measures how late this machine wakes a sleeper: a promise in
// seconds can't be kept by a process that is not run.
func watchStalls() func() time.Duration {
	stop, worst := make(chan struct{}), make(chan time.Duration)
	go func() {
		most := time.Duration(0)
		for {
			from := time.Now()
			select {
			case <-stop:
				worst <- most
				return
			case <-time.After(20 * time.Millisecond):
				most = max(most, time.Since(from)-20*time.Millisecond)
			}
		}
	}()
	return func() time.Duration { close(stop); return <-worst }
}
