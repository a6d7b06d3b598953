//go:build cgo

package yara

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hozen-dfir/hozen/analyze"
)

// benchTree is a part of this machine's programs and texts, about 60 MB.
func benchTree(b *testing.B) (dir string, files []string, size int64) {
	b.Helper()
	dir = b.TempDir()
	for _, root := range []string{"/usr/bin", "/usr/share", "/usr/lib"} {
		used := int64(0)
		filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || used > 20<<20 {
				return nil
			}
			data, err := os.ReadFile(p)
			if err != nil || len(data) > 4<<20 {
				return nil
			}
			used += int64(len(data))
			to := filepath.Join(dir, p)
			write(b, to, data)
			files = append(files, to)
			size += int64(len(data))
			return nil
		})
	}
	return dir, files, size
}

// BenchmarkTree scans the same tree with one scanner of ours and with the yara
// command on one thread: with HOZEN_YARA_RULES as the rules, or the starter
// rules.
func BenchmarkTree(b *testing.B) {
	bin := command(b)
	rules := os.Getenv("HOZEN_YARA_RULES")
	if rules == "" {
		rules = filepath.Join(moduleRoot(b), "rules", "yara")
	}
	c, reports, err := Compile(context.Background(), []string{rules})
	if err != nil {
		b.Fatal(err)
	}
	dir, files, size := benchTree(b)
	b.Run("hozen", func(b *testing.B) {
		a, err := New(c.Marshal(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer a.Close()
		b.SetBytes(size)
		for b.Loop() {
			for _, f := range files {
				data, err := os.ReadFile(f)
				if err != nil {
					b.Fatal(err)
				}
				s := subject(b, f)
				s.Bytes = func(int64) ([]byte, error) { return data, nil }
				if err := a.Examine(context.Background(), s, func(analyze.Finding) {}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	saved := filepath.Join(b.TempDir(), "compiled")
	args := []string{"-w"}
	for _, n := range externalNames() {
		args = append(args, "-d", n+"=")
	}
	for _, r := range reports {
		if r.Rules > 0 {
			args = append(args, r.Namespace+":"+r.Name)
		}
	}
	if out, err := exec.Command(bin+"c", append(args, saved)...).CombinedOutput(); err != nil {
		b.Fatalf("yarac: %v: %s", err, out)
	}
	b.Run("yara", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			if out, err := exec.Command(bin, "-C", "-w", "-p", "1", "-r", saved, dir).CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
		}
	})
}

// BenchmarkLoad is what each worker process pays at its start.
func BenchmarkLoad(b *testing.B) {
	rules := os.Getenv("HOZEN_YARA_RULES")
	if rules == "" {
		rules = filepath.Join(moduleRoot(b), "rules", "yara")
	}
	c, _, err := Compile(context.Background(), []string{rules})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(c.Rules), "rules")
	for b.Loop() {
		a, err := New(c.Marshal(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		a.Close()
	}
}
