package image

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
)

// TestClustersInManyFiles opens one file again and again, as a volume would have
// it whose files all claim the same clusters: that ends, and says why.
func TestClustersInManyFiles(t *testing.T) {
	whole, err := os.ReadFile(fixture(t, "frag.raw"))
	if err != nil {
		t.Fatal(err)
	}
	cut := whole[:len(whole)/4]
	held := int64(2_500_096) // of /pieces, in clusters of 512 bytes
	for name, c := range map[string]struct {
		image        []byte
		held, absent int64 // before
		want         int   // times that the file can be opened
		why          string
	}{
		"fresh":        {whole, 0, 0, 10, ""},
		"twice":        {whole, repeats + int64(len(whole)) - 2*held, 0, 2, "the same clusters in many files"},
		"never":        {whole, repeats + int64(len(whole)) - held + 1, 0, 0, "the same clusters in many files"},
		"whole":        {whole, 0, maxAbsent, 10, ""},
		"cut short":    {cut, 0, 0, 10, ""},
		"cut too much": {cut, 0, maxAbsent - 100, 0, "bytes of the stream are not in the image"},
	} {
		src, err := inMemory(c.image, int64(len(whole)))
		if err != nil {
			t.Fatal(err)
		}
		src.spent.held, src.spent.absent = c.held, c.absent
		for i := range 10 {
			_, _, err := src.Open(context.Background(), "/pieces")
			if (err == nil) != (i < c.want) {
				t.Errorf("%s: time %d: %v", name, i+1, err)
			}
			if err != nil && (!errors.Is(err, evidence.ErrBudget) || !strings.HasPrefix(err.Error(), "budget volume: ") || !strings.Contains(err.Error(), c.why)) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
