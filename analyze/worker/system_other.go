//go:build !linux

package worker

import (
	"errors"
	"os"
	"os/exec"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/wire"
)

func self() (string, error) { return os.Executable() }

func tune(*exec.Cmd, *os.File) {}

func calm() {}

const canShare = false

func share(analyze.Config) (*os.File, []wire.PartMsg, error) {
	return nil, nil, errors.New("shared memory is not supported on this system")
}

// used is not known here: only the worker's own limit holds.
func used(int) (int64, bool) { return 0, false }
