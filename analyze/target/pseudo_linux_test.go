package target

import (
	"os"
	"testing"
)

func TestPseudo(t *testing.T) {
	root, err := os.OpenRoot("/")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for path, want := range map[string]bool{"proc": true, "sys": true, "etc": false, "etc/passwd": false} {
		st, err := root.Lstat(path)
		if err != nil {
			t.Skip(err)
		}
		if got := pseudo(root, path, st); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}
