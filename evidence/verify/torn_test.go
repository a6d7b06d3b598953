package verify_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// A collector that dies while it stores the time stamp leaves the ZIP cut
// anywhere there: unfinished. Nothing but a stamp may have been begun.
func TestZipCutInStamp(t *testing.T) {
	whole := zipped(t, stamp)
	dir := int(binary.LittleEndian.Uint32(whole[len(whole)-6:])) // APPNOTE 4.3.16
	note := bytes.LastIndex(whole[:dir], []byte("PK\x03\x04"))
	token := bytes.LastIndex(whole[:note], []byte("PK\x03\x04"))
	if got := verdict(t, whole); got != "complete" {
		t.Fatalf("%s before it is cut", got)
	}
	for n := token; n <= dir; n++ {
		if got := verdict(t, whole[:n]); got != "unfinished" {
			t.Errorf("cut to %d, %d after the token's beginning: %s", n, n-token, got)
		}
	}
	for _, entry := range []int{token, note} {
		for _, at := range []int{3, 4, 8, 10, 18, 24, 27, 28, 30, 44} {
			bad := bytes.Clone(whole[:entry+47])
			if bad[entry+at] ^= 1; verdict(t, bad) != found {
				t.Errorf("byte %d of the header of a torn entry counts for nothing", at)
			}
		}
	}
}

func stamp(o *sink.Options) {
	o.TimeStamp = func(context.Context, []byte) ([]byte, error) { return []byte("a token of any authority"), nil }
}

// A folder is unfinished likewise, and tampered with where more stands in it
// than comes before the stamp's note. The script says the same.
func TestFolderTornStamp(t *testing.T) {
	bundletest.Tools(t, "bash", "openssl", "sha256sum")
	m := bundletest.New(t)
	o := m.Options()
	stamp(&o)
	dir, _ := m.Write(o, bundletest.File("/a", []byte("some content")))
	const token, note, temp, cosign = "seal/000002.tsr", "seal/000002.tsr.note", "seal/.hozen-tmp-0011223344556677", "seal/000002.cosign/00000000"
	for name, c := range map[string]struct {
		without []string
		with    string
		want    string
		code    int
	}{
		"whole":              {nil, "", "complete", 4},
		"no stamp":           {[]string{token, note}, "", "complete", 0},
		"no note":            {[]string{note}, "", "unfinished", 3},
		"token being made":   {[]string{token, note}, temp, "unfinished", 3},
		"note being made":    {[]string{note}, temp, "unfinished", 3},
		"no token":           {[]string{token}, "", found, 4},
		"file after it":      {nil, temp, found, 4},
		"changed note":       {nil, note, found, 4},
		"changed token":      {nil, token, found, 4},
		"cosigned afterward": {[]string{note}, cosign, found, 4},
	} {
		bad := tampered(t, dir, func(d string) {
			for _, n := range c.without {
				os.Remove(filepath.Join(d, n))
			}
			if c.with != "" {
				os.MkdirAll(filepath.Dir(filepath.Join(d, c.with)), 0o700)
				os.WriteFile(filepath.Join(d, c.with), []byte("x"), 0o600)
			}
		})
		r := m.Verify(bad, verify.Options{Token: anyToken})
		got := r.State
		if !r.OK() {
			got = found
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s: %s", name, got, c.want, problems(r))
		}
		out, err := bundletest.Run(t, t.TempDir(), "bash", filepath.Join(dir, "verify.sh"), bad)
		code := 0
		if e, ok := err.(*exec.ExitError); ok {
			code = e.ExitCode()
		}
		if code != c.code {
			t.Errorf("%s: verify.sh ends with %d, want %d:\n%s", name, code, c.code, out)
		}
	}
}

// Whoever countersigns may die between the key and the signature. What is left
// is never called complete, and anything but that is damage.
func TestTornCosignature(t *testing.T) {
	bundletest.Tools(t, "bash", "openssl", "sha256sum")
	m := bundletest.New(t)
	dir := threeSegments(t, m)
	sig := filepath.Base(glob(t, dir, "seal/000004.cosign/*[0-9a-f]"))
	const cosign = "seal/000004.cosign/"
	write := func(d, name, text string) {
		if err := os.WriteFile(filepath.Join(d, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		tamper func(d string)
		want   string
		code   int
	}{
		"whole":            {func(string) {}, "complete", 0},
		"none":             {func(d string) { os.RemoveAll(d + "/" + cosign) }, "complete", 0},
		"key alone":        {func(d string) { os.Remove(d + "/" + cosign + sig) }, "unfinished", 3},
		"signature alone":  {func(d string) { os.Remove(d + "/" + cosign + sig + ".vkey") }, found, 4},
		"signature empty":  {func(d string) { os.Truncate(d+"/"+cosign+sig, 0) }, found, 4},
		"signature linked": {func(d string) { os.Remove(d + "/" + cosign + sig); os.Symlink("nowhere", d+"/"+cosign+sig) }, found, 4},
		"another key": {func(d string) {
			os.Remove(d + "/" + cosign + sig)
			write(d, cosign+"00000000.vkey", "x+00000000+AAAA\n")
		}, found, 4},
		"key cut": {func(d string) { os.Remove(d + "/" + cosign + sig); os.Truncate(d+"/"+cosign+sig+".vkey", 20) }, found, 4},
		"key not at the end": {func(d string) {
			os.Mkdir(d+"/seal/000003.cosign", 0o700)
			os.Rename(d+"/"+cosign+sig+".vkey", d+"/seal/000003.cosign/"+sig+".vkey")
			os.Remove(d + "/" + cosign + sig)
		}, found, 4},
	} {
		bad := tampered(t, dir, c.tamper)
		r := m.Verify(bad, verify.Options{})
		got := r.State
		if !r.OK() {
			got = found
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s: %s", name, got, c.want, problems(r))
		}
		if got == "unfinished" && len(r.Tail) != 1 {
			t.Errorf("%s: tail %v", name, r.Tail)
		}
		out, err := bundletest.Run(t, t.TempDir(), "bash", filepath.Join(dir, "verify.sh"), bad)
		code := 0
		if e, ok := err.(*exec.ExitError); ok {
			code = e.ExitCode()
		}
		if code != c.code {
			t.Errorf("%s: verify.sh ends with %d, want %d:\n%s", name, code, c.code, out)
		}
	}
}

// The CRCs are the ZIP's own statement about an object. Changed in the header
// and in the directory alike, they agree with each other alone.
func TestZipCRC(t *testing.T) {
	whole := zipped(t)
	dir := int(binary.LittleEndian.Uint32(whole[len(whole)-6:]))
	local, central := 0, dir
	for local < dir {
		bad := bytes.Clone(whole)
		bad[local+14] ^= 1
		bad[central+16] ^= 1
		n := int(binary.LittleEndian.Uint16(whole[local+26:]))
		if got := verdict(t, bad); got != found {
			t.Errorf("CRC of %s changed: %s", whole[local+30:local+30+n], got)
		}
		local += 30 + n + int(binary.LittleEndian.Uint32(whole[local+18:]))
		central += 46 + n
	}
}

// What is larger than any leaf or checkpoint is damaged, and named.
func TestOversized(t *testing.T) {
	m := bundletest.New(t)
	dir := threeSegments(t, m)
	for name, segments := range map[string]int{
		"seal/000000.json": 0, "seal/000000.checkpoint": 0, "seal/000002.json": 1, "seal/000002.checkpoint": 1, "seal/000004.json": 3,
	} {
		bad := tampered(t, dir, func(d string) {
			if err := os.Truncate(filepath.Join(d, name), 1<<20+1); err != nil {
				t.Fatal(err)
			}
		})
		if r := m.Verify(bad, verify.Options{}); !bytes.Contains([]byte(problems(r)), []byte(name+": has 1048577 bytes")) {
			t.Errorf("%s: %s", name, problems(r))
		}
		if b := m.Open(bad); len(b.Segments) != segments {
			t.Errorf("%s: %d segments before it, want %d", name, len(b.Segments), segments)
		}
	}
}

// What may follow the last checkpoint of an unfinished bundle is one segment,
// named as the next one would be.
func TestUnsealed(t *testing.T) {
	m := bundletest.New(t)
	dir := threeSegments(t, m)
	const next = "segments/000003."
	age, plain := next+"0123456789abcdef.zip.age", next+"0123456789abcdef.zip"
	for name, c := range map[string]struct {
		with []string
		ok   bool
	}{
		"nothing": {nil, true}, "one": {[]string{age}, true}, "and a temporary file": {[]string{age, "segments/.hozen-tmp-0011223344556677"}, true},
		"two": {[]string{age, next + "1123456789abcdef.zip.age"}, false}, "not encrypted": {[]string{plain}, false},
		"upper case": {[]string{next + "0123456789ABCDEF.zip.age"}, false}, "no digest": {[]string{next + "zip.age"}, false},
	} {
		bad := tampered(t, dir, func(d string) {
			for _, f := range []string{glob(t, d, "segments/000003.*"), d + "/seal/000003.json", d + "/seal/000003.checkpoint", d + "/seal/000004.json", d + "/seal/000004.checkpoint"} {
				os.Remove(f)
			}
			os.RemoveAll(filepath.Join(d, "seal/000004.cosign"))
			for _, f := range c.with {
				os.WriteFile(filepath.Join(d, f), []byte("x"), 0o600)
			}
		})
		if r := m.Verify(bad, verify.Options{}); r.OK() != c.ok || r.State != "unfinished" {
			t.Errorf("%s: %s: %s", name, r.State, problems(r))
		}
	}
}
