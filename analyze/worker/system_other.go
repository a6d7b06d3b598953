//go:build !linux

package worker

import (
	"os"
	"os/exec"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

func self() (string, error) { return os.Executable() }

func tune(*exec.Cmd, *os.File) {}

// share has nothing to share with: parts go through the pipe.
func share(cfg analyze.Config) (*os.File, []wire.PartMsg, error) {
	var parts []wire.PartMsg
	for _, p := range cfg.Parts {
		parts = append(parts, wire.PartMsg{Name: p.Name, Size: int64(len(p.Data))})
	}
	return nil, parts, nil
}

// used is not known here: only the worker's own limit holds.
func used(int) (int64, bool) { return 0, false }
