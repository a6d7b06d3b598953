package run

import (
	"context"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/expand"
	"github.com/hozen-dfir/hozen/collect/host"
	"github.com/hozen-dfir/hozen/evidence"
)

// Bounds of the estimate.
const (
	EstimateTime    = 3 * time.Second
	EstimateEntries = 200_000 // entries looked at for one pattern
)

// Preflight is what is known before a collection starts.
type Preflight struct {
	Output     string   // folder that the output goes to, made absolute; "" for a store elsewhere
	Own        []string // paths for Plan.Own
	FreeBytes  int64    // free there for this user; -1 where not known
	FreeFiles  int64    // files that can still be made there; -1 where not known
	Filesystem string   // its kind, where known
	Estimate   Estimate
	Missing    []host.Right // rights that this process lacks
	Warnings   []string
}

// Estimate is a look at what a plan would take: metadata only, nothing opened.
type Estimate struct {
	Files int64
	Bytes int64
	Cut   bool // it ended early; there is more
	Took  time.Duration
}

// Check looks before a collection starts. output is the local file or folder
// that will be written, "" where there is none. It changes nothing and takes
// little more than EstimateTime.
func Check(ctx context.Context, p Plan, output string) Preflight {
	f := Preflight{FreeBytes: -1, FreeFiles: -1, Missing: host.MissingRights()}
	if output != "" {
		f.output(output)
	}
	p.Own = append(p.Own, f.Own...)
	f.Estimate = estimate(ctx, p)
	f.warn(p)
	return f
}

// output finds where the output really lies: the part of its path that is
// there may hold links.
func (f *Preflight) output(name string) {
	abs, err := filepath.Abs(name)
	if err != nil {
		f.Warnings = append(f.Warnings, fmt.Sprintf("the output %q has no absolute path: %v", name, err))
		return
	}
	there, rest := abs, ""
	for {
		real, err := filepath.EvalSymlinks(there)
		if err == nil {
			there = real
			break
		}
		up := filepath.Dir(there)
		if up == there {
			break
		}
		there, rest = up, filepath.Join(filepath.Base(there), rest)
	}
	f.Output = filepath.Join(there, rest)
	f.Own = []string{sourcePath(f.Output)}
	if fi, err := os.Stat(there); err == nil && !fi.IsDir() {
		there = filepath.Dir(there)
	}
	f.FreeBytes, f.FreeFiles, f.Filesystem = host.Free(there)
}

// sourcePath is a path of this system as the live source names it.
func sourcePath(p string) string {
	p = filepath.ToSlash(p[len(filepath.VolumeName(p)):])
	return p
}

// ownIn gives paths of the live host as a source names them: none in an image,
// and in a tree mounted on this host only those that lie in it.
func ownIn(in collect.SourceInfo, own []string) []string {
	if in.Live {
		return own
	}
	top := in.Details["directory"]
	if top == "" {
		return nil
	}
	if abs, err := filepath.Abs(top); err == nil {
		top = abs
	}
	if real, err := filepath.EvalSymlinks(top); err == nil {
		top = real
	}
	var out []string
	for _, o := range own {
		if rel, err := filepath.Rel(sourcePath(top), o); err == nil && filepath.IsLocal(rel) {
			out = append(out, path.Join("/", filepath.ToSlash(rel)))
		}
	}
	return out
}

// ownIDs names the objects at those paths, for sources that read this host's
// files: a bind mount may show the output elsewhere, even in a mounted tree
// that does not hold it. What is not there yet has no name.
func ownIDs(in collect.SourceInfo, own []string) []expand.ID {
	if in.Method != "os" {
		return nil
	}
	var out []expand.ID
	for _, o := range own {
		if dev, inode, ok := host.Identity(o); ok {
			out = append(out, expand.ID{Dev: dev, Inode: inode})
		}
	}
	return out
}

func (f *Preflight) warn(p Plan) {
	need := f.Estimate.Bytes
	if m := p.Budget.MaxTotal; m > 0 {
		need = min(need, m)
	}
	// Even well compressed evidence rarely shrinks below a quarter.
	if f.FreeBytes >= 0 && need/4 > f.FreeBytes {
		f.Warnings = append(f.Warnings, fmt.Sprintf("the output has %d bytes free; some %d bytes of evidence will hardly fit", f.FreeBytes, need))
	}
	if f.FreeBytes >= 0 && f.FreeBytes < 64<<20 {
		f.Warnings = append(f.Warnings, fmt.Sprintf("the output has only %d bytes free", f.FreeBytes))
	}
	if f.FreeFiles >= 0 && f.FreeFiles < 1000 {
		f.Warnings = append(f.Warnings, fmt.Sprintf("only %d more files can be made at the output", f.FreeFiles))
	}
	for _, r := range f.Missing {
		f.Warnings = append(f.Warnings, fmt.Sprintf("without %s: %s", r.Name, r.Why))
	}
}

// Measure is host.Measure, for those who run a plan.
func Measure(files, processes int64) host.Footprint { return host.Measure(files, processes) }

// estimate runs the definitions and paths of a plan into a sink that only
// counts.
func estimate(ctx context.Context, p Plan) Estimate {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, EstimateTime)
	defer cancel()
	e := &counter{max: p.Budget.MaxFile}
	for _, src := range p.Sources {
		o := expand.Options{Dry: true, MaxEntries: EstimateEntries, Own: ownIn(src.Info(), p.Own), OwnIDs: ownIDs(src.Info(), p.Own)}
		c := expand.New(ctx, src, p.Definitions, o)
		tasks := c.Artifacts()
		for _, path := range p.Paths {
			tasks = append(tasks, c.Path(path))
		}
		for _, a := range tasks {
			if ctx.Err() != nil {
				e.est.Cut = true
				break
			}
			if err := quietly(ctx, a, src, e); err != nil {
				e.est.Cut = true
			}
		}
	}
	e.est.Took = time.Since(began)
	return e.est
}

// quietly runs an artifact whose panic would be met again in the real run.
func quietly(ctx context.Context, a collect.Artifact, src collect.Source, k evidence.Sink) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return a.Collect(ctx, src, k)
}

// counter is a sink that reads nothing.
type counter struct {
	est Estimate
	max int64
}

// Add implements evidence.Sink.
func (c *counter) Add(_ context.Context, it evidence.Item) error {
	if it.Open != nil && (c.max == 0 || it.Record.StatLen <= c.max) {
		c.est.Files++
		n := it.Record.StatLen
		if h := holes(&it.Record); h > sparseFrom {
			n -= h
		}
		if c.est.Bytes += n; c.est.Bytes < 0 {
			c.est.Bytes = math.MaxInt64
		}
	}
	if it.Record.Source == collect.Own && it.Record.Outcome == evidence.Skipped {
		c.est.Cut = true // the bound on entries
	}
	return nil
}

// Stream implements evidence.Sink. A dry run has no streams.
func (*counter) Stream(context.Context, evidence.Record) (evidence.Stream, error) {
	return nil, fmt.Errorf("an estimate writes nothing")
}
