package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

func newTemp(root *os.Root, folder *os.File, from string, perm fs.FileMode) (*temp, error) {
	return namedTemp(root, folder, from, perm)
}

func (t *temp) linkUnnamed(string) error { return windows.ERROR_NOT_SUPPORTED } // newTemp makes named files only

// renameNew is MoveFileExW without MOVEFILE_REPLACE_EXISTING, written through
// to the disk: Windows has no fsync of a folder. The file must be closed.
func (t *temp) renameNew(name string) error {
	t.close()
	from, err := windows.UTF16PtrFromString(filepath.Join(t.root.Name(), filepath.FromSlash(t.name)))
	if err != nil {
		return err
	}
	to, err := windows.UTF16PtrFromString(filepath.Join(t.root.Name(), filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(from, to, windows.MOVEFILE_WRITE_THROUGH); err != nil {
		if errors.Is(err, windows.ERROR_ALREADY_EXISTS) || errors.Is(err, windows.ERROR_FILE_EXISTS) {
			err = fs.ErrExist
		}
		return &fs.PathError{Op: "rename", Path: name, Err: err}
	}
	t.done = true
	return nil
}

func notSupported(err error) bool {
	return errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_INVALID_FUNCTION) ||
		errors.Is(err, windows.ERROR_CALL_NOT_IMPLEMENTED)
}

func syncFolder(*os.File) error { return nil } // renameNew writes through

// writeDirect leaves all to the page cache: see Linux.
func writeDirect(*os.File, []byte) int { return 0 }
