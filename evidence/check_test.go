package evidence

import (
	"math"
	"testing"
)

func TestCheck(t *testing.T) {
	good := func() Record {
		r := Record{Format: RecordFormat, Outcome: Collected, Source: "live", Salt: "AAAAAAAAAAAAAAAAAAAAAA==", Size: 3, Part: &Part{Item: 1, Number: 1}, Lost: []Range{{Offset: math.MaxInt64 - 5, Length: 5}}}
		r.SetPath("/tmp/\xff\xfe")
		r.SetTarget("bad-\xff")
		return r
	}
	if r := good(); r.Check() != nil {
		t.Fatal(r.Check())
	}
	for name, edit := range map[string]func(*Record){
		"format":       func(r *Record) { r.Format = "hozen-item/2" },
		"outcome":      func(r *Record) { r.Outcome = "fine" },
		"size":         func(r *Record) { r.Size = -1 },
		"source":       func(r *Record) { r.Source = "../live" },
		"no source":    func(r *Record) { r.Source = "" },
		"number":       func(r *Record) { r.Part.Number = 0 },
		"no salt":      func(r *Record) { r.Salt = "" },
		"short salt":   func(r *Record) { r.Salt = "AAAAAAAAAAAAAAAAAAAA" },
		"salt of 17":   func(r *Record) { r.Salt = "AAAAAAAAAAAAAAAAAAAAAAA=" },
		"lost before":  func(r *Record) { r.Lost[0].Offset = -1 },
		"lost less":    func(r *Record) { r.Lost[0].Length = -1 },
		"lost too far": func(r *Record) { r.Lost[0].Length = 6 },
		"part outcome": func(r *Record) { r.Outcome = Changed },
		"part's whole": func(r *Record) { r.Part.WholeSize = 3 },
		"whole digest": func(r *Record) { r.Part.WholeSHA256 = "00" },
		"offset":       func(r *Record) { r.Part.Offset = -1 },
		"offset's end": func(r *Record) { r.Part.Offset = math.MaxInt64 - 2 },
		"whole size":   func(r *Record) { r.Part.WholeSize = -1 },
		"no base64":    func(r *Record) { r.PathB64 = "!" },
		"line ends":    func(r *Record) { r.PathB64 += "\n" },
		"another path": func(r *Record) { r.Path = "/tmp/x" },
		"needless":     func(r *Record) { r.Path, r.PathB64 = "/x", "L3g=" },
		"content":      func(r *Record) { r.Outcome, r.Part = Missing, nil },
		"whole":        func(r *Record) { r.Outcome, r.Size, r.Part.Last, r.Part.WholeSize = Denied, 0, true, 3 },
		"target":       func(r *Record) { r.Target = "elsewhere" },
	} {
		r := good()
		edit(&r)
		if r.Check() == nil {
			t.Errorf("%s: nothing is wrong with %+v", name, r)
		}
	}
}
