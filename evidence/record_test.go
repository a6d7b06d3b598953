package evidence

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hozen-dfir/hozen/evidence/internal/plainjson"
)

func TestRecordJSON(t *testing.T) {
	var r Record
	r.Format, r.Seq, r.Outcome = RecordFormat, 7, Collected
	r.SetPath("/tmp/\xff\n")
	r.Size, r.Inode = 1<<62, "18446744073709551615"
	r.MTime = At(time.Date(2026, 1, 17, 10, 0, 0, 5, time.FixedZone("", 3600)))
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"size":"4611686018427387904"`, `"mtime":"2026-01-17T09:00:00.000000005Z"`, `"path_b64":"L3RtcC//Cg=="`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s lacks %s", b, want)
		}
	}
	if strings.Contains(string(b), "atime") {
		t.Errorf("an unknown time was written: %s", b)
	}
	var back Record
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if back.RawPath() != "/tmp/\xff\n" || back.Size != r.Size || !back.MTime.Equal(r.MTime.Time) {
		t.Errorf("came back as %+v", back)
	}
}

func TestOutcomeOf(t *testing.T) {
	for err, want := range map[error]Outcome{nil: Collected, fs.ErrNotExist: Missing, fs.ErrPermission: Denied, ErrBudget: Skipped, context.Canceled: Failed} {
		if got := OutcomeOf(err); got != want {
			t.Errorf("OutcomeOf(%v) = %s, want %s", err, got, want)
		}
	}
}

// A record that is read and written again keeps its meaning.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"format":"hozen-item/1","seq":7,"salt":"AAAA","source":"live","path":"/etc/passwd","outcome":"collected","size":"12","mtime":"2026-01-17T09:00:00.000000005Z"}`))
	f.Add([]byte(`{"path":"\ufffd","path_b64":"/w==","part":{"item":1,"number":2,"offset":"5","last":true},"lost":[{"offset":"1","length":"2"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		sameParse(t, b)
		var r, again Record
		if json.Unmarshal(b, &r) != nil {
			return
		}
		line, err := json.Marshal(r)
		if err != nil {
			return // a year that RFC 3339 can't write
		}
		if own, err := AppendRecord(nil, &r); err != nil || !bytes.Equal(own, line) {
			t.Fatalf("AppendRecord gives\n%s\njson.Marshal\n%s\n(%v)", own, line, err)
		}
		if err := json.Unmarshal(line, &again); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if r.RawPath() != again.RawPath() || r.Size != again.Size || r.Seq != again.Seq || r.RawTarget() != again.RawTarget() {
			t.Fatalf("%+v came back as %+v", r, again)
		}
	})
}

// AppendRecord knows every field: one that was added to Record alone would be
// lost from every bundle.
func TestAppendRecordIsWhole(t *testing.T) {
	var r Record
	fill(t, reflect.ValueOf(&r).Elem())
	want, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := AppendRecord([]byte("before"), &r)
	if err != nil || string(got) != "before"+string(want) {
		t.Errorf("AppendRecord gives\n%s\njson.Marshal\n%s\n(%v)", got, want, err)
	}
	var none Record
	want, _ = json.Marshal(none)
	if got, err := AppendRecord(nil, &none); err != nil || !bytes.Equal(got, want) {
		t.Errorf("of an empty record AppendRecord gives\n%s\njson.Marshal\n%s\n(%v)", got, want, err)
	}
}

// fill sets every field to something, with characters that JSON escapes.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	if v.Type() == reflect.TypeFor[Time]() {
		v.Set(reflect.ValueOf(At(time.Unix(1_700_000_000, 120))))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("a\"<é\x01\u2028" + v.Type().Name())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(-7)
	case reflect.Uint64:
		v.SetUint(1 << 63)
	case reflect.Uint8:
		v.SetUint(200)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"k<": "v", "a": ""}))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("a field of kind %s: teach this test", v.Kind())
	}
}

// sameParse holds ParseRecord equal to json.Unmarshal, but for what is refused
// on purpose.
func sameParse(t *testing.T, line []byte) {
	t.Helper()
	var want, got Record
	wantErr, err := json.Unmarshal(line, &want), ParseRecord(line, &got)
	if wantErr == nil {
		var there map[string]any
		wantErr = cmp.Or(recordShape.Check(line), json.Unmarshal(line, &there))
		wantErr = cmp.Or(wantErr, stated(there["path"] != nil, there["size"] != nil))
	}
	if (wantErr == nil) != (err == nil) {
		t.Fatalf("%s: json.Unmarshal says %v, ParseRecord %v", line, wantErr, err)
	}
	if err == nil && !reflect.DeepEqual(want, got) {
		t.Fatalf("%s:\njson.Unmarshal %+v\nParseRecord    %+v", line, want, got)
	}
}

func TestParseRecord(t *testing.T) {
	var r Record
	r.Format, r.Seq, r.Salt, r.Source, r.Outcome = RecordFormat, 7, "AAAA", "live", Changed
	r.Artifacts = []string{"A", "B"}
	r.Size, r.StatLen, r.Mode, r.UID, r.Nlink = 1<<62, 5, "0644", "0", 1
	r.MTime = At(time.Date(2024, 2, 29, 23, 59, 59, 5, time.UTC))
	r.SetPath("/é/x")
	short, err := AppendRecord(nil, &r)
	if err != nil {
		t.Fatal(err)
	}
	d := decoder{Decoder: plainjson.New(string(short))}
	var got Record
	if d.record(&got); !d.Done() {
		t.Fatalf("%s is not read the short way", short)
	}
	fill(t, reflect.ValueOf(&r).Elem())
	full, err := AppendRecord(nil, &r)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]byte{short, full, nil, []byte("{}"), []byte("{"), []byte("null"), []byte(`{"format":"x"}`)} {
		sameParse(t, line)
	}
	// Every byte of a plain line, changed in ways that matter to a parser.
	for i := range short {
		for _, c := range []byte("\"\\{}[],:0919-Z \x00\x1f\x7f\xffaA") {
			bad := bytes.Clone(short)
			bad[i] = c
			sameParse(t, bad)
		}
		sameParse(t, short[:i])
		sameParse(t, append(bytes.Clone(short[:i]), short[min(i+1, len(short)):]...))
	}
}

func BenchmarkParseRecord(b *testing.B) {
	line := []byte(`{"format":"hozen-item/1","seq":7,"salt":"AAAAAAAAAAAAAAAAAAAAAA==","source":"live","path":"/usr/share/doc/libx/copyright","outcome":"collected","artifacts":["path"],"method":"os","size":"12","sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","type":"file","stat_size":"12","allocated":"4096","mode":"0644","uid":"0","gid":"0","owner":"root","group":"root","inode":"123","dev":"254:0","nlink":1,"mtime":"2026-01-17T09:00:00.000000005Z","atime":"2026-01-17T09:00:00.000000005Z","ctime":"2026-01-17T09:00:00.000000005Z","btime":"2026-01-17T09:00:00.000000005Z","began":"2026-01-17T09:00:00.000000005Z","ended":"2026-01-17T09:00:00.000000005Z"}`)
	var r Record
	for b.Loop() {
		if err := ParseRecord(line, &r); err != nil {
			b.Fatal(err)
		}
	}
}
