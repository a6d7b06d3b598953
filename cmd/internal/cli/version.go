package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Stamped by scripts/build with -ldflags -X; empty in any other build.
var stampedVersion, stampedCommit string

// Facts are what a program knows of its own build beside what Go records.
type Facts struct {
	Libyara      string   // version of the libyara linked in; "" where there is none
	Capabilities []string // what this build can do: "yara", "collect", …
}

// VersionFormat names the format of `version --json`.
const VersionFormat = "hozen-version/1"

// VersionInfo is what `version --json` prints.
type VersionInfo struct {
	Format       string   `json:"format"`
	Program      string   `json:"program"`
	Version      string   `json:"version"` // of the release, or git describe
	Commit       string   `json:"commit,omitempty"`
	Go           string   `json:"go"`
	Platform     string   `json:"platform"`          // linux/amd64
	Libyara      string   `json:"libyara,omitempty"` // absent where YARA is not built in
	Binary       string   `json:"binary,omitempty"`  // path of the running binary
	SHA256       string   `json:"sha256,omitempty"`  // of the running binary
	Capabilities []string `json:"capabilities"`
}

// Version returns this build's version and commit; "devel" where unknown.
func Version() (version, commit string) {
	version, commit = stampedVersion, stampedCommit
	if info, ok := debug.ReadBuildInfo(); ok && commit == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
		if v := info.Main.Version; version == "" && v != "(devel)" {
			version = v
		}
	}
	if version == "" {
		version = "devel"
	}
	return version, commit
}

// RunningBinary returns the path and the SHA-256 (hex) of the program that is
// running: on Linux of the very file that was started, even where another one
// stands at its path by now.
func RunningBinary() (path, digest string, err error) {
	path, err = os.Executable()
	if err != nil {
		return "", "", fmt.Errorf("finding the running binary: %w", err)
	}
	open := path
	if runtime.GOOS == "linux" {
		open = "/proc/self/exe"
	}
	f, err := os.Open(open)
	if err != nil {
		return path, "", fmt.Errorf("reading the running binary: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return path, "", fmt.Errorf("reading the running binary: %w", err)
	}
	return path, hex.EncodeToString(h.Sum(nil)), nil
}

func newVersionCommand(app *App) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Tell the version, how it was built and the digest of this binary",
		Example: `  hozen version
  hozen version --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info := app.versionInfo(cmd.Root().Name())
			if app.JSON {
				return app.Emit(info)
			}
			info.print(app.Out)
			return nil
		},
	}
}

func (a *App) versionInfo(program string) VersionInfo {
	v := VersionInfo{
		Format: VersionFormat, Program: program, Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Libyara:  a.program.Facts.Libyara, Capabilities: a.program.Facts.Capabilities,
	}
	if v.Capabilities == nil {
		v.Capabilities = []string{}
	}
	v.Version, v.Commit = Version()
	var err error
	if v.Binary, v.SHA256, err = RunningBinary(); err != nil {
		a.Warnf("%v", err)
	}
	return v
}

func (v VersionInfo) print(w io.Writer) {
	yara := v.Libyara
	if yara == "" {
		yara = "not in this build"
	}
	fmt.Fprintf(w, "%s %s\n", v.Program, Safe(v.Version))
	for _, row := range [][2]string{
		{"commit", v.Commit}, {"go", v.Go + " " + v.Platform}, {"libyara", yara},
		{"binary", v.Binary}, {"sha256", v.SHA256}, {"can", strings.Join(v.Capabilities, ", ")},
	} {
		if row[1] != "" {
			fmt.Fprintf(w, "  %-8s %s\n", row[0], Safe(row[1]))
		}
	}
}
