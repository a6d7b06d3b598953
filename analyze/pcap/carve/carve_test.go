package carve

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/hozen-dfir/hozen/analyze/pcap/stream"
)

// carve runs a body through in pieces and joins its windows.
func carve(l Limits, coding, data string, step int, whole bool) (string, Result) {
	var out []byte
	var res Result
	b := New(l, coding, func(w Window) { out = append(out[:w.Offset], w.Bytes...) }, func(r Result) { res = r })
	for i := 0; len(data) > 0; i++ {
		n := min(step, len(data))
		b.Data([]byte(data[:n]), stream.Mark{Packet: i + 1})
		data = data[n:]
	}
	b.End(whole)
	return string(out), res
}

func encode(t testing.TB, coding, s string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip", "x-gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw deflate":
		w, _ = flate.NewWriter(&b, 6)
	case "zstd":
		w, _ = zstd.NewWriter(&b)
	}
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var roomy = Limits{Window: 1 << 20, Overlap: 16, Decoded: 1 << 20}

func TestCodings(t *testing.T) {
	text := strings.Repeat("the body of a message ", 100)
	sum, sum5 := sha256.Sum256([]byte(text)), md5.Sum([]byte(text))
	for header, data := range map[string]string{
		"": text, "identity": text, "gzip": encode(t, "gzip", text), "x-gzip": encode(t, "gzip", text),
		"deflate": encode(t, "deflate", text), "zstd": encode(t, "zstd", text),
		"gzip, zstd":     encode(t, "zstd", encode(t, "gzip", text)),
		"deflate , gzip": encode(t, "gzip", encode(t, "raw deflate", text)),
	} {
		for _, step := range []int{1, 13, 1 << 20} {
			out, r := carve(roomy, header, data, step, true)
			if out != text || !r.Whole || r.Problem != "" || r.Size != int64(len(text)) || r.SHA256 != hex.EncodeToString(sum[:]) || r.MD5 != hex.EncodeToString(sum5[:]) {
				t.Errorf("%q step %d: %d bytes, %+v", header, step, len(out), r)
			}
		}
	}
}

// TestUndecodable: what can't be decoded is handed out as it came, and said.
func TestUndecodable(t *testing.T) {
	for header, data := range map[string]string{"br": "\x0b\x02brotli", "gzip": "no gzip at all", "a,b,c,d": "x"} {
		out, r := carve(roomy, header, data, 3, true)
		if out != data || r.Problem == "" || r.Decoded != "" {
			t.Errorf("%q: %q %+v", header, out, r)
		}
	}
	g := encode(t, "gzip", strings.Repeat("abcdefgh", 1000))
	for name, data := range map[string]string{"cut": g[:len(g)-9], "damaged": g[:len(g)-8] + "XXXXXXXX"} {
		_, r := carve(roomy, "gzip", data, 100, true)
		if r.Whole || r.Problem == "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if out, r := carve(roomy, "gzip", "", 1, true); out != "" || !r.Whole || r.Problem != "" {
		t.Errorf("empty: %+v", r)
	}
}

func TestLimits(t *testing.T) {
	l := Limits{Window: 1000, Overlap: 100, Decoded: 5000}
	text := strings.Repeat("0123456789", 400)
	if out, r := carve(l, "", text, 77, true); out != text || !r.Whole {
		t.Errorf("%d bytes, %+v", len(out), r)
	}
	bomb := encode(t, "gzip", strings.Repeat("\x00", 1<<20))
	if out, r := carve(roomy, "gzip", bomb, 77, true); len(out) != 1<<20 || !r.Limit && !r.Whole {
		t.Errorf("%d bytes, %+v", len(out), r)
	}
	if out, r := carve(Limits{Window: 1 << 20, Overlap: 10, Decoded: 5000}, "gzip", bomb, 77, true); len(out) != 5000 || !r.Limit || r.Whole {
		t.Errorf("%d bytes, %+v", len(out), r)
	}
	if _, r := carve(l, "gzip", bomb, 77, true); r.Whole || !r.Limit {
		t.Errorf("an encoded body over the window: %+v", r)
	}
}

// TestNothingButBlocks: a coding that unpacks to very many blocks without
// content in another coding ends at the limit.
func TestNothingButBlocks(t *testing.T) {
	blocks := encode(t, "gzip", strings.Repeat("\x00\x00\x00\xff\xff", 1<<20))
	if out, r := carve(roomy, "deflate, gzip", blocks, 1<<20, true); out != "" || !r.Limit || r.Whole {
		t.Errorf("%d bytes, %+v", len(out), r)
	}
}

// TestGap: bytes before and after a gap share no window.
func TestGap(t *testing.T) {
	var got []Window
	var res Result
	b := New(roomy, "", func(w Window) { got = append(got, w) }, func(r Result) { res = r })
	b.Data([]byte("before"), stream.Mark{Packet: 1})
	b.Gap(10)
	b.Data([]byte("after"), stream.Mark{Packet: 2})
	b.End(true)
	if len(got) != 2 || string(got[0].Bytes) != "before" || string(got[1].Bytes) != "after" || got[1].Offset != 16 || res.Whole || got[1].Whole {
		t.Errorf("%+v %+v", got, res)
	}
}
