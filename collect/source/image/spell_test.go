package image

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/hozen-dfir/hozen/collect"
)

// TestSpelling asks for objects by every name that they answer to.
func TestSpelling(t *testing.T) {
	src := openOne(t, fixture(t, "ntfs.raw")).(collect.Speller)
	for path, want := range map[string]string{
		"/PROGRA~1": "Program Files", "/progra~1": "Program Files", "/PROGRA~1/APP": "App", "/users": "Users", "/$mft": "$MFT",
		"/Users/Alice/desktop/DOWNLOAD.exe:zone.IDENTIFIER":       "download.exe:Zone.Identifier",
		"/Users/alice/Desktop/download.exe:Zone.Identifier:$data": "download.exe:Zone.Identifier",
		"/users/alice/NTUSER.dat::$DATA":                          "NTUSER.DAT", "/$extend/$usnjrnl:$j": "$UsnJrnl:$J",
		"/names/README": "README", "/names/readme": "readme", "/": "", "/Users/alice/documents:hidden": "Documents:hidden",
	} {
		if got, err := src.Spell(path); err != nil || got != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	for _, path := range []string{"/nothing", "/PROGRA~2", "/Users:$DATA", "/Users/alice/NTUSER.DAT:x:$DATA"} {
		if got, err := src.Spell(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}
