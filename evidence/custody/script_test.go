package custody

import (
	"context"
	"hash/crc32"
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/hozen-dfir/hozen/evidence/store"
)

// forge signs the last entry of a small log anew after a change to its bytes,
// with its checkpoint, as its actor could.
func (w *world) forge(old, new string) {
	w.t.Helper()
	line, _, _ := strings.Cut(string(w.read(entryKey(2))), "\n")
	text := strings.Replace(line, old, new, 1) + "\n"
	if text == line+"\n" {
		w.t.Fatalf("%q is not in %s", old, line)
	}
	b, err := note.Sign(&note.Note{Text: text}, w.examiner)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(entryKey(2), b)
	w.write(checkpointKey(3), w.checkpoint(3, w.examiner))
}

// forged are changes to an entry, soundly signed, and the exit code that
// Verify and the script both end with.
func forged() map[string]struct {
	old, new string
	code     int
} {
	const end = `"role":"examiner"`
	more := func(s string) string { return end + "," + s }
	party := func(s string) string { return more(`"to":{"person":"B",` + s + `}`) }
	type change = struct {
		old, new string
		code     int
	}
	return map[string]change{
		"unknown members":        {end, more(`"later":{"a":[1,-2,true,false,null,[],{},"x"],"\"":"\\\b\u0001\u001f"}`), 0},
		"a nested receipt":       {end, more(`"later":{"receipt":{"object":"x"},"event":"x"}`), 0},
		"details like members":   {end, more(`"details":{"format":"x","receipt":"y","Event":"z"}`), 0},
		"depth 8":                {end, more(`"later":[[[[[[[1]]]]]]]`), 0},
		"long texts":             {end, more(`"note":"` + strings.Repeat("é", 1000) + `"`), 0},
		"a party":                {end, party(`"role":"legal"`), 0},
		"null":                   {end, more(`"note":null,"receipt":null`), 0},
		"a clock set back":       {`"time":"2`, `"time":"1`, 3},
		"names beyond ASCII":     {end, more(`"later":{"é":1,"éa":2,"a":3,"aé":4,"?":5}`), 0},
		"names far beyond ASCII": {end, more(`"later":{"é":1,"ü":1}`), -1}, // the script can't tell É from é
		"twice beyond ASCII":     {end, more(`"later":{"é":1,"é":1}`), 4},
		"an event of none":       {`"event":"verified"`, `"event":"x"`, 4},
		"a role of none":         {end, `"role":"king"`, 4},
		"no person":              {`"person":"`, `"person":"","note":"`, 4},
		"30 February":            {`"time":"2026-01-17`, `"time":"2026-02-30`, 4},
		"hour 24":                {`"time":"2026-01-17T09`, `"time":"2026-01-17T24`, 4},
		"an escape":              {end, more(`"note":"\u006e"`), 4},
		"an escaped slash":       {end, more(`"note":"\/"`), 4},
		"an escape, upper case":  {end, more(`"note":"\u001F"`), 4},
		"an escape, long":        {end, more(`"note":"\u000a"`), 4},
		"no UTF-8":               {end, more("\"note\":\"\xff\""), 4},
		"twice":                  {end, more(`"note":"x","note":"x"`), 4},
		"twice, nested":          {end, more(`"later":{"a":1,"A":2}`), 4},
		"twice, Kelvin sign":     {end, more("\"later\u212a\":1,\"laterk\":2"), 4},
		"upper case":             {end, more(`"NOTE":"x"`), 4},
		"a float":                {end, more(`"later":1.5`), 4},
		"a large number":         {end, more(`"later":9007199254740992`), 4},
		"minus nothing":          {end, more(`"later":-0`), 4},
		"depth 9":                {end, more(`"later":[[[[[[[[]]]]]]]]`), 4},
		"a long text":            {end, more(`"note":"` + strings.Repeat("é", 1000) + `x"`), 4},
		"a number for a text":    {end, more(`"note":1`), 4},
		"refers to itself":       {end, more(`"refers":2`), 4},
		"a bad time":             {end, more(`"occurred":"yesterday"`), 4},
		"a short time":           {end, more(`"occurred":"2026-01-17T09:30:00Z"`), 4},
		"occurred in year 0":     {end, more(`"occurred":"0000-05-01T00:00:00.000000000Z"`), 4},
		"occurred at year 1":     {end, more(`"occurred":"0001-01-01T00:00:00.000000000Z"`), 4},
		"likewise, short":        {end, more(`"occurred":"0001-01-01T00:00:00Z"`), 4},
		"a party's role":         {end, party(`"role":"x"`), 4},
		"a party's key":          {end, party(`"vkey":"x"`), 4},
		"one of parties":         {end, more(`"parties":[{"person":"B"},{"person":"C","role":"x"}]`), 4},
		"33 parties":             {end, more(`"parties":[{}` + strings.Repeat(",{}", 32) + `]`), 4},
		"a detail without name":  {end, more(`"details":{"":"x"}`), 4},
		"a detail that's none":   {end, more(`"details":{"a":1}`), 4},
		"a bundle of no name":    {end, more(`"bundle":{"id":"../x","size":5,"root":"` + strings.Repeat("A", 43) + `="}`), 4},
		"a bundle without leafs": {end, more(`"bundle":{"id":"x","size":0,"root":"` + strings.Repeat("A", 43) + `="}`), 4},
		"a root with more bits":  {end, more(`"bundle":{"id":"x","size":5,"root":"` + strings.Repeat("A", 42) + `B="}`), 4},
		"a receipt of none":      {end, more(`"receipt":{}`), 4},
		"two objects":            {end + "}", end + "}{}", 4},
	}
}

// The script and Verify agree on what an actor may sign.
func TestScriptReadsEntries(t *testing.T) {
	for name, c := range forged() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := small(t, "IR-1")
			w.forge(c.old, c.new)
			want := c.code
			if want < 0 {
				want = 0
			}
			if got := exitCode(w.verify(VerifyOptions{})); got != want {
				t.Errorf("Verify: %d, want %d", got, want)
			}
			if c.code < 0 {
				want = 3
			}
			if testing.Short() || c.code == 4 && !sampled(name) {
				return
			}
			if code, out := w.script(); code != want || want == 3 && !strings.Contains(out, "gap     "+entryKey(2)) {
				t.Errorf("script: %d, want %d:\n%s", code, want, out)
			}
		})
	}
}

// sampled chooses the cases that are worth a run of the script each time: all
// of them in a long campaign, else a third.
func sampled(name string) bool {
	return os.Getenv("HOZEN_FULL") != "" || crc32.ChecksumIEEE([]byte(name))%3 == 0
}

// exitCode is that of "hozen custody verify".
func exitCode(r *Report) int {
	switch {
	case !r.OK():
		return 4
	case r.Entries == 0:
		return 1
	case r.Gaps():
		return 3
	}
	return 0
}

// Both agree on receipts, on names that later versions will use, and on what
// is no log.
func TestScriptReadsFolder(t *testing.T) {
	root := strings.Repeat("A", 43) + "="
	receipt := func(w *world, bundle string, r Receipt) {
		ref, err := w.log.PutReceipt(context.Background(), r)
		if err != nil {
			w.t.Fatal(err)
		}
		w.append(Entry{Event: Stored, Receipt: ref, Bundle: &BundleRef{ID: bundle, Size: 1, Root: root}}, w.legal)
	}
	raw := func(w *world, body string) {
		w.write("receipts/"+hexSum([]byte(body))+".json", []byte(body))
		w.append(Entry{Event: Stored, Receipt: &Ref{receiptKey(hexSum([]byte(body))), int64(len(body)), hexSum([]byte(body))}}, w.legal)
	}
	times := func(w *world, modified, made string) {
		raw(w, `{"format":"hozen-receipt/1","case":"IR-1","made":`+made+`,"objects":[{"modified":`+modified+`}]}`)
	}
	for name, c := range map[string]struct {
		do   func(w *world)
		code int
	}{
		"a receipt":            {func(w *world) { receipt(w, "b", Receipt{Bundle: "b", Objects: []store.Info{{Key: "\"x", Size: 3}}}) }, 0},
		"another bundle's":     {func(w *world) { receipt(w, "c", Receipt{Bundle: "b"}) }, 4},
		"another case's":       {func(w *world) { raw(w, `{"format":"hozen-receipt/1","case":"IR-2","bundle":"b"}`) }, 4},
		"a nested case":        {func(w *world) { raw(w, `{"format":"hozen-receipt/1","x":{"case":"IR-1"},"case":"IR-2"}`) }, 4},
		"of another format":    {func(w *world) { raw(w, `{"format":"hozen-receipt/2","case":"IR-1"}`) }, 4},
		"a case twice":         {func(w *world) { raw(w, `{"format":"hozen-receipt/1","case":"IR-2","case":"IR-1"}`) }, 4},
		"no JSON":              {func(w *world) { raw(w, `x`) }, 4},
		"white space":          {func(w *world) { raw(w, `{"format":"hozen-receipt/1", "case":"IR-1"}`) }, 4},
		"no line end":          {func(w *world) { raw(w, `{"format":"hozen-receipt/1","case":"IR-1","later":[1.5]}`) }, 0},
		"times in all forms":   {func(w *world) { times(w, `"2026-01-17T09:30:00.5+01:00"`, `"2026-01-17T09:30:00.000000000Z"`) }, 0},
		"no times":             {func(w *world) { times(w, "null", "null") }, 0},
		"a leap second":        {func(w *world) { times(w, `"2026-01-17T23:59:60Z"`, "null") }, 4},
		"a comma in a time":    {func(w *world) { times(w, `"2026-01-17T09:30:00,5Z"`, "null") }, 4},
		"one digit of an hour": {func(w *world) { times(w, `"2026-01-17T9:30:00Z"`, "null") }, 4},
		"no such day":          {func(w *world) { times(w, `"2026-02-29T09:30:00Z"`, "null") }, 4},
		"no such zone":         {func(w *world) { times(w, `"2026-01-17T09:30:00+24:00"`, "null") }, 4},
		"made in another form": {func(w *world) { times(w, "null", `"2026-01-17T09:30:00Z"`) }, 4},
		"made in another zone": {func(w *world) { times(w, "null", `"2026-01-17T09:30:00.000000000+00:00"`) }, 4},
		"folders": {func(w *world) {
			w.folder(checkpointKey(4))
			w.folder(entryKey(3))
			w.folder(receiptKey(zeros))
			w.folder("x")
		}, 0},
		"a folder for a checkpoint": {func(w *world) { os.Remove(w.path(checkpointKey(2))); w.folder(checkpointKey(2)) }, 3},
		"a token":                   {func(w *world) { w.write("checkpoints/000003.tsr", nil) }, 3},
		"a token of nothing":        {func(w *world) { w.write("checkpoints/000000.tsr", nil) }, 4},
		"a token to come":           {func(w *world) { w.write("checkpoints/000004.tsr", nil) }, 4},
		"a cosignature":             {func(w *world) { w.write("checkpoints/000003.cosign/w+db1e6b10", nil) }, 3},
		"a cosignature to come":     {func(w *world) { w.write("checkpoints/000004.cosign/w+db1e6b10", nil) }, 4},
		"a cosignature without key": {func(w *world) { w.write("checkpoints/000003.cosign/w", nil) }, 4},
		"a cosignature, upper case": {func(w *world) { w.write("checkpoints/000003.cosign/w+DB1E6B10", nil) }, 4},
		"no entry":                  {func(w *world) { os.RemoveAll(w.path("entries")); os.RemoveAll(w.path("checkpoints")) }, 1},
		"no entry, checkpoints":     {func(w *world) { os.RemoveAll(w.path("entries")) }, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := small(t, "IR-1")
			c.do(w)
			if r := w.verify(VerifyOptions{}); exitCode(r) != c.code {
				t.Errorf("Verify: %d, want %d: %+v", exitCode(r), c.code, r.Problems)
			}
			if testing.Short() {
				return
			}
			if code, out := w.script(); code != c.code {
				t.Errorf("script: %d, want %d:\n%s", code, c.code, out)
			}
		})
	}
	t.Run("a large receipt", func(t *testing.T) {
		w := small(t, "IR-1")
		raw(w, `{"format":"hozen-receipt/1","case":"IR-1","later":"`+strings.Repeat("x", 1<<20)+`"}`)
		if code, out := w.script(); code != 3 || !strings.Contains(out, "not checked") {
			t.Errorf("script: %d\n%s", code, out)
		}
	})
}

// Both scripts read JSON by the same lines.
func TestScriptsAlike(t *testing.T) {
	other, err := os.ReadFile("../sink/text/verify.sh")
	if err != nil {
		t.Fatal(err)
	}
	part := func(script string) string {
		_, rest, _ := strings.Cut(script, "# --- Reading JSON")
		rest, _, ok := strings.Cut(rest, "# --- End of reading JSON.")
		if !ok || len(rest) < 5000 {
			t.Fatalf("the part is not there: %d bytes", len(rest))
		}
		return rest
	}
	if part(string(VerifyScript())) != part(string(other)) {
		t.Error("the scripts differ in how they read JSON")
	}
}
