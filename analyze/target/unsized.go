package target

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// Bounds of a file whose size nobody states: its content is held in memory
// while it is examined, one such file a worker.
const (
	maxUnsized  = 16 << 20
	unsizedWait = 5 * time.Second // for the next byte, where the kernel can tell that there is none yet
)

// takesAway are files of proc and tracefs whose content is gone once read, and
// which wait for more of it.
func takesAway(name string) bool {
	return slices.Contains([]string{"kmsg", "trace_pipe", "trace_pipe_raw"}, path.Base(name))
}

// unsized is an item whose stated size can't be trusted: in a filesystem that
// the kernel makes up it is 0 or a page, whatever the content, and filesystems
// of user programs do likewise. It is read to its end at once: a second look
// may find something else.
func (w *walk) unsized(rel, shown string, st fs.FileInfo, r evidence.Record) analyze.Input {
	madeUp := w.madeUp[device(st)]
	if madeUp && takesAway(rel) {
		in := skipped(shown, "reading it would take away what others are to read")
		in.Record.Type = evidence.TypeFile
		return in
	}
	body, err := readUnsized(w.root, rel, st)
	switch {
	case len(body) == 0 && err != nil && madeUp:
		return unreadable(shown, evidence.TypeFile, err)
	case len(body) == 0:
		r.Size, r.Outcome = 0, evidence.Empty
		return analyze.Input{Record: r}
	case err != nil:
		r.Outcome, r.Error = evidence.Partial, err.Error()
	default:
		r.Outcome = evidence.Collected
	}
	r.Size = int64(len(body))
	blocks := analyze.Blocks(r.Size)
	return analyze.Input{Record: r, Size: r.Size, Blocks: blocks,
		Fetch: func(_ context.Context, i int) ([]byte, error) {
			return body[blocks[i].Offset:][:blocks[i].Size], nil
		}}
}

// readUnsized reads until the end or the bound. With an error it returns what
// came before it.
func readUnsized(root *os.Root, rel string, st fs.FileInfo) ([]byte, error) {
	f, err := openRegular(root, rel, st)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_ = f.SetReadDeadline(time.Now().Add(unsizedWait)) // not every file can
	body, err := io.ReadAll(io.LimitReader(f, maxUnsized+1))
	if len(body) > maxUnsized {
		return body[:maxUnsized], fmt.Errorf("it states no size; its first %d bytes were read", maxUnsized)
	}
	return body, err
}
