package evidence

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Whatever time a file claims to have, what is written of it can be read again.
func TestTimesThatRFC3339LacksAreKept(t *testing.T) {
	far, old := time.Unix(999_999_999_999, 5), time.Unix(-99_999_999_999_999, 0)
	shared := map[string]string{"pid": "7"}
	r := Record{Details: shared, StatAfter: &Stat{MTime: At(far), Inode: "1"}}
	r.MTime, r.ATime, r.CTime, r.FNBTime = At(far), At(old), At(time.Unix(5, 0)), At(time.Unix(lastSecond+1, 0))
	after := r.StatAfter
	r.FitTimes()
	want := map[string]string{"pid": "7", "mtime_unix": "999999999999.000000005", "atime_unix": "-99999999999999.000000000",
		"fn_btime_unix": "253402300800.000000000", "after_mtime_unix": "999999999999.000000005"}
	if d := cmp.Diff(want, r.Details); d != "" {
		t.Error(d)
	}
	if !r.MTime.IsZero() || !r.ATime.IsZero() || r.CTime.Unix() != 5 || !r.StatAfter.MTime.IsZero() || r.StatAfter.Inode != "1" {
		t.Errorf("%+v", r.Stat)
	}
	if len(shared) != 1 || after.MTime.IsZero() {
		t.Error("what others share was changed")
	}
	plain := Record{}
	plain.MTime = At(time.Unix(lastSecond, 999_999_999))
	if plain.FitTimes(); plain.Details != nil || plain.MTime.IsZero() {
		t.Errorf("%+v", plain)
	}
	for _, sec := range []int64{math.MinInt64, firstSecond - 1, firstSecond, lastSecond, lastSecond + 1, 999_999_999_999, 1 << 55} {
		var r, own, back Record
		r.MTime, r.StatAfter = At(time.Unix(sec, 7)), &Stat{BTime: At(time.Unix(sec, 7))}
		line, err := AppendRecord(nil, &r)
		if err != nil || json.Unmarshal(line, &back) != nil || ParseRecord(line, &own) != nil {
			t.Fatalf("%d: %s can't be read (%v)", sec, line, err)
		}
		if in := sec >= firstSecond && sec <= lastSecond; in != back.MTime.Equal(r.MTime.Time) || !own.MTime.Equal(back.MTime.Time) {
			t.Errorf("%d came back as %v and %v", sec, back.MTime, own.MTime)
		}
		text, _ := r.MTime.MarshalText()
		if err := new(Time).UnmarshalText(text); err != nil {
			t.Errorf("%d: %v", sec, err)
		}
	}
}
