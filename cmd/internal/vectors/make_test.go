package vectors

import (
	"flag"
	"hash/fnv"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/evidence/keys"
)

var out = flag.String("out", "", "folder to write the vectors to")

// testdata is the folder of the vectors that are committed.
const testdata = "../../../testdata"

// epoch is when everything in the vectors happens.
var epoch = time.Date(2026, 1, 17, 9, 30, 0, 123456789, time.UTC)

// maker makes files below dir.
type maker struct {
	*testing.T
	dir string
}

// random makes what follows depend on name alone, not on what was made before.
func (m maker) random(name string) {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	cryptotest.SetGlobalRandom(m.T, h.Sum64())
}

func (m maker) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

func (m maker) write(name string, body []byte) {
	m.Helper()
	name = filepath.Join(m.dir, name)
	m.must(os.MkdirAll(filepath.Dir(name), 0o755))
	m.must(os.WriteFile(name, body, 0o644))
}

// TestMake makes all vectors, twice the same; scripts/vectors puts them into
// testdata. Without -out it makes sure that none is missing there.
func TestMake(t *testing.T) {
	dir := *out
	if dir == "" {
		dir = t.TempDir()
	}
	all(maker{t, dir})
	again := t.TempDir()
	all(maker{t, again})
	made, twice := tree(t, dir), tree(t, again)
	if d := cmp.Diff(made, twice); d != "" {
		t.Errorf("made twice, and not the same: %s", d)
	}
	if *out != "" {
		return
	}
	have := tree(t, testdata)
	for name := range made {
		if strings.HasPrefix(name, "good/") && strings.HasSuffix(name, ".zip") {
			if d := cmp.Diff(lasting(t, testdata, name), lasting(t, dir, name)); d != "" {
				t.Errorf("%s is frozen, and the writer makes something else now: %s", name, d)
			}
		}
	}
	for name := range have { // what is written by hand, and what commands said
		if name == "README.md" || name == "expect.txt" || strings.HasSuffix(name, ".jsonl") {
			delete(have, name)
		}
	}
	if d := cmp.Diff(slices.Sorted(maps.Keys(made)), slices.Sorted(maps.Keys(have))); d != "" {
		t.Errorf("testdata is not what scripts/vectors makes: %s", d)
	}
}

func all(m maker) {
	m.keys()
	m.good()
	m.hostile()
	m.custody()
}

// keys makes the one key folder that opens and countersigns the vectors.
func (m maker) keys() {
	m.random("keys")
	for name, classic := range map[string]bool{"keys/examiner": false, "keys/classic": true} {
		m.random(name)
		_, err := keys.Create(filepath.Join(m.dir, name), keys.Options{Person: "Test Key, not a secret", Role: keys.Examiner, Classic: classic, Created: epoch})
		m.must(err)
	}
}

// tree is every file below dir, by its slashed name.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		rel, rerr := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(b)
		if err == nil {
			err = rerr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
