package collectcmd

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
)

// named returns the paths named by hand as the sources know them. On this host
// they are what its shell would take: relative ones start at the working
// folder, and on Windows a drive and backslashes are understood.
func (f *flags) named() ([]string, error) {
	if f.offline() {
		return f.paths, nil
	}
	out := make([]string, len(f.paths))
	for i, p := range f.paths {
		if p == "" {
			return nil, cli.Usagef("--path is empty")
		}
		abs, err := absolute(p)
		if err == nil && runtime.GOOS == "windows" {
			abs, err = onDrive(abs, os.Getenv("SystemDrive"))
		}
		if err != nil {
			return nil, cli.WithCode(cli.Usage, fmt.Errorf("--path %q: %w", p, err))
		}
		out[i] = abs
	}
	return out, nil
}

// absolute leaves an absolute path as it is, to the byte, but for steps up.
func absolute(p string) (string, error) {
	if runtime.GOOS == "windows" {
		if strings.HasPrefix(p, "/") {
			return p, nil
		}
		return filepath.Abs(p)
	}
	if filepath.IsAbs(p) {
		return stepsUp(p), nil
	}
	here, err := os.Getwd()
	return path.Clean(stepsUp(here + "/" + p)), err
}

// stepsUp takes ".." out of an absolute path as the system would: after a link
// it leads up from where the link does.
func stepsUp(p string) string {
	parts := strings.Split(p, "/")
	if !slices.Contains(parts, "..") {
		return p
	}
	at := "/"
	for _, c := range parts {
		if c != ".." {
			at = path.Join(at, c)
			continue
		}
		if real, err := filepath.EvalSymlinks(at); err == nil {
			at = real
		}
		at = path.Dir(at)
	}
	return at
}

// onDrive turns a path of Windows into one of the live source, which is the
// system's drive.
func onDrive(path, system string) (string, error) {
	if system == "" {
		system = "C:"
	}
	if len(path) > 1 && path[1] == ':' {
		if !strings.EqualFold(path[:2], system) {
			return "", fmt.Errorf("this host is collected from its drive %s; take another one with --tree %s", system, path[:2]+`\`)
		}
		path = path[2:]
	}
	return strings.ReplaceAll(path, `\`, "/"), nil
}
