package live

import (
	"context"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// BenchmarkWalk describes, opens and reads every file of a tree, beside
// tar c | cat in the same run. HOZEN_TREE names the tree.
func BenchmarkWalk(b *testing.B) {
	top := os.Getenv("HOZEN_TREE")
	if top == "" {
		top = "/usr/include"
	}
	for b.Loop() {
		kids := cpu(unix.RUSAGE_CHILDREN)
		began := time.Now()
		if err := exec.Command("sh", "-c", `tar cf - -C "$1" . | cat >/dev/null`, "sh", top).Run(); err != nil {
			b.Skip("tar:", err)
		}
		tar, tarCPU := time.Since(began), cpu(unix.RUSAGE_CHILDREN)-kids
		s, err := OpenTree(top, "tree", collect.Linux)
		if err != nil {
			b.Fatal(err)
		}
		self := cpu(unix.RUSAGE_SELF)
		began = time.Now()
		w := walker{s: s, buf: make([]byte, 1<<20)}
		w.dir(b, "/")
		own, ownCPU := time.Since(began), cpu(unix.RUSAGE_SELF)-self
		s.Close()
		b.ReportMetric(float64(w.files), "files")
		b.ReportMetric(float64(w.bytes)/1e6, "MB")
		b.ReportMetric(own.Seconds()/tar.Seconds(), "x-of-tar")
		b.ReportMetric(ownCPU.Seconds()/tarCPU.Seconds(), "cpu-x-of-tar") // steadier on a busy machine
	}
}

// cpu returns user and system time.
func cpu(who int) time.Duration {
	var r unix.Rusage
	if unix.Getrusage(who, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

type walker struct {
	s     collect.Source
	buf   []byte
	files int
	bytes int64
}

func (w *walker) dir(b *testing.B, path string) {
	var dirs []string
	for e, err := range w.s.ReadDir(context.Background(), path) {
		if err != nil {
			b.Fatal(err)
		}
		at := path + "/" + e.Name
		if path == "/" {
			at = "/" + e.Name
		}
		w.files++
		if e.Type == evidence.TypeFile {
			c, _, err := w.s.Open(context.Background(), at)
			if err != nil {
				b.Fatal(err)
			}
			for {
				n, err := c.Read(w.buf)
				w.bytes += int64(n)
				if err == io.EOF {
					break
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			c.Finish()
			c.Close()
			continue
		}
		if _, err := w.s.Lstat(at); err != nil {
			b.Fatal(err)
		}
		if e.Type == evidence.TypeDir {
			dirs = append(dirs, at)
		}
	}
	for _, d := range dirs {
		w.dir(b, d)
	}
}
