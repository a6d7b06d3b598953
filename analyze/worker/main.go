package worker

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/guard"
	"github.com/hozen-dfir/hozen/analyze/worker/internal/serve"
)

// argument is how a worker process is told from its parent. It is no command
// of the command line.
const argument = "hozen-analyze-worker"

// gcPercent of a worker: items are garbage soon, and what lives is little.
const gcPercent = 400

// Asked reports whether these arguments (os.Args) start a worker: main then
// calls Main before anything else.
func Asked(args []string) bool { return len(args) == 2 && args[1] == argument }

// Main is a worker process: it builds the analyzers, examines items until the
// parent closes stdin and returns the exit code. What analyzers or libraries
// print to standard output is lost: the pipe is moved out of their way.
func Main(build analyze.Builder, stdin, stdout *os.File) int {
	// One worker a core: the analyzer's thread, and one for reading ahead. The
	// collector can be lazy, as the memory limit makes it work in time.
	runtime.GOMAXPROCS(2)
	debug.SetGCPercent(gcPercent)
	in, out, err := private(stdin, stdout)
	if err != nil {
		os.Stderr.WriteString("worker: " + err.Error() + "\n")
		return 1
	}
	return serve.Run(serve.Env{In: in, Out: out, Shared: mapShared, Guard: guard.Enter, Exit: os.Exit}, build)
}
