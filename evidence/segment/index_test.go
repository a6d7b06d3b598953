package segment

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"
)

// parseIndexLine reads what encoding/json reads, and refuses what it refuses or
// what other readers may read as something else.
func TestParseIndexLine(t *testing.T) {
	line := []byte(`{"seq":7,"entry":"data/live/etc/é","frames":[[12,34],[5,6]]}`)
	tried := 0
	same := func(b []byte) {
		t.Helper()
		tried++
		var want indexLine
		wantErr := json.Unmarshal(b, &want)
		if wantErr == nil {
			wantErr = lineShape.Check(bytes.TrimSuffix(b, []byte("\n")))
		}
		var pairs struct{ Frames [][]int }
		if json.Unmarshal(b, &pairs) == nil && slices.ContainsFunc(pairs.Frames, func(f []int) bool { return len(f) != 2 }) {
			wantErr = errors.New("a frame is a pair")
		}
		got, err := parseIndexLine(b)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%s: %v, encoding/json says %v", b, err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %+v, encoding/json says %+v", b, got, want)
		}
	}
	for _, s := range []string{"", "{}", `{"seq":7}`, `{"seq":7,"entry":"x","frames":[]}`, `{"seq":7,"entry":"x","frames":[[1]]}`,
		`{"seq":7,"entry":"x","frames":[[1,2,3]]}`, `{"seq":7,"entry":"x","frames":null}`, `{"entry":"x","seq":7}`,
		`{"seq":07}`, `{"seq":99999999999999999999}`, `{"seq":7,"entry":"x","frames":[[99999999999999999999,1]]}`, `{"seq":7,"entry":"a\u0041"}`,
		`{"seq":7,"seq":7}`, `{"seq":7,"entry":"x","frames":[[1,2]],"entry":"y"}`, `{"seq":7,"Entry":"x"}`, `{"seq":7, "entry":"x"}`} {
		same([]byte(s))
		same([]byte(s + "\n"))
	}
	for i := range line {
		for _, c := range []byte("\"\\{}[],:09- \x00\xffa") {
			bad := bytes.Clone(line)
			bad[i] = c
			same(bad)
		}
		same(line[:i])
	}
	if tried < 500 {
		t.Fatal("tried", tried)
	}
}
