package custody

import (
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClip(t *testing.T) {
	for _, s := range []string{"", "short", strings.Repeat("x", 5000), strings.Repeat("証", 1000), strings.Repeat("\xff", 3000), "a\xffb", strings.Repeat("\x01", 5000), strings.Repeat(`"\`, 999)} {
		for _, limit := range []int{0, 10, 100, MaxText, 1 << 20} {
			got := Clip(s, limit)
			if !utf8.ValidString(got) || written(got) > max(min(limit, MaxText), len(cut)) {
				t.Errorf("%d bytes at limit %d: %d bytes, %d as JSON", len(s), limit, len(got), written(got))
			}
		}
	}
	if Clip("short", 100) != "short" || Clip("a\xffb", 100) != "a\ufffdb" {
		t.Error("a text that fits was changed")
	}
}

// What a person gives is refused rather than cut, before anything is done.
func TestCheckText(t *testing.T) {
	for s, ok := range map[string]bool{
		"": true, "why it is taken in\n": true, strings.Repeat("x", MaxText): true, strings.Repeat("x", MaxText+1): false,
		strings.Repeat("\x01", MaxText/6+1): false, strings.Repeat(`"`, MaxText/2+1): false, "a\xff": false,
	} {
		if err := CheckText(s); (err == nil) != ok {
			t.Errorf("%d bytes %.10q: %v", len(s), s, err)
		}
	}
}

// The commands of SPEC.md, "Verifying", word for word but for the key.
func TestByHand(t *testing.T) {
	for _, tool := range []string{"bash", "openssl", "basenc"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	w := newWorld(t, "IR-1").fill()
	commands := `set -e
f=entries/000003.note
prev=$(sha256sum entries/000002.note | head -c 64)
grep -q "\"previous\":\"$prev\"" $f
head -n 1 $f > text
tail -n 1 $f | cut -d' ' -f3 | base64 -d | tail -c 64 > sig
vkey='` + w.examiner.VKey() + `'
key=$(printf %s "$vkey" | cut -d+ -f3- | base64 -d | tail -c 32 | od -An -v -tx1 | tr -d ' \n')
printf '302a300506032b6570032100%s' $key | tr a-f A-F | basenc --base16 -d > pub.der
openssl pkeyutl -verify -pubin -keyform DER -inkey pub.der -rawin -in text -sigfile sig
`
	run := func() (string, error) {
		c := exec.Command("bash", "-c", commands)
		c.Dir = w.dir
		out, err := c.CombinedOutput()
		return string(out), err
	}
	if out, err := run(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	b := w.read(entryKey(3))
	w.write(entryKey(3), append([]byte("{\"x\":1,"), b[1:]...))
	if out, err := run(); err == nil {
		t.Fatalf("a changed entry passes by hand\n%s", out)
	}
}
