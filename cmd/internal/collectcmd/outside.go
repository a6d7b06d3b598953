package collectcmd

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/evidence/store/open"
)

// OutsideBundles refuses a place to write to, named by --name, that lies in the
// folder of a bundle: what does not belong to a bundle makes it fail
// verification, and nobody could tell it from tampering. A place that is a
// bundle itself is taken, which is a failure; one within it is wrong use.
func OutsideBundles(name, place string) error {
	if place == "" || open.IsS3(place) {
		return nil
	}
	path, err := filepath.Abs(place)
	if err != nil {
		return cli.BadFlag(name, err)
	}
	for last := ""; path != last; last, path = path, filepath.Dir(path) {
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			continue // not there yet
		}
		in := bundleAbove(real)
		if in == real && last == "" {
			return cli.WithHint(fmt.Errorf("--%s: %s is a bundle, and nothing is written into one", name, place), "name a new place")
		}
		if in != "" {
			return cli.WithHint(cli.BadFlag(name, fmt.Errorf("%s lies in the bundle %s, and would spoil it", place, in)), "name a place outside the bundle")
		}
		return nil
	}
	return nil
}

// bundleAbove is the folder of the bundle that a folder is or lies in; "" where
// there is none.
func bundleAbove(path string) string {
	for last := ""; path != last; last, path = path, filepath.Dir(path) {
		if _, err := os.Lstat(filepath.Join(path, "seal", "000000.json")); err == nil {
			return path
		}
	}
	return ""
}
