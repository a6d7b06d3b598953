package compiled

import (
	"fmt"
	"strings"
	"testing"
)

// TestArena: texts beyond one chunk are where add said, before and after they
// were put in one piece.
func TestArena(t *testing.T) {
	a := newArena()
	at := map[uint32]string{}
	for i := range 2000 {
		s := strings.Repeat(fmt.Sprint(i, " "), 1+i*37%4000)
		s = s[:min(len(s), 1<<16-1)]
		at[a.add(s)] = s
	}
	if len(a.chunks) < 3 || len(at) != 2000 {
		t.Fatalf("%d chunks, %d texts", len(a.chunks), len(at))
	}
	for off, s := range at {
		if string(a.text(off)) != s {
			t.Errorf("text at %d", off)
		}
	}
	size := a.size()
	whole := Set{arena: a.moveTo(nil)}
	if len(whole.arena) != size {
		t.Errorf("%d bytes, said %d", len(whole.arena), size)
	}
	for off, s := range at {
		if string(whole.text(off)) != s {
			t.Errorf("text at %d of the whole", off)
		}
	}
}

// TestRaw: hits show indicators as they were listed, whatever of them the key
// has too, and what was listed in several chunks of the arena.
func TestRaw(t *testing.T) {
	lines := []string{"hxxps://evil[.]example/a?b=c", "EVIL[.]example", "evil.example", "Bad[at]evil.example", `C:\Temp\X.exe`, "192[.]0.2.1"}
	var text strings.Builder
	for _, l := range lines {
		text.WriteString(l + "\n")
	}
	for i := range 20_000 {
		fmt.Fprintf(&text, "hxxp://host%d[.]%s[.]example/path/to/it/%d\n", i, strings.Repeat("x", 50), i)
	}
	s := set(t, text.String())
	for i, want := range lines {
		if h := s.hit(uint32(i)); h.Indicator != want || h.Line != i+1 {
			t.Errorf("%+v, want %s", h, want)
		}
	}
	url := fmt.Sprintf("host19999[.]%s[.]example/path/to/it/19999", strings.Repeat("x", 50))
	if got := names(s.MatchURL("http://" + strings.ReplaceAll(url, "[.]", "."))); got != "hxxp://"+url {
		t.Error(got)
	}
}
