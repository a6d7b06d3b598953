package report

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence/durable"
)

// Names of the files of a sweep's result.
const (
	FindingsFile  = "findings.jsonl"
	UnscannedFile = "unscanned.jsonl"
	TableFile     = "findings.csv"
	EventsFile    = "events.jsonl"
	SummaryFile   = "summary.json"
	FactsFile     = "sweep.json"
)

// Files lists the files of a result, in the order in which they are sealed.
func Files() []string {
	return []string{FactsFile, FindingsFile, UnscannedFile, TableFile, EventsFile, SummaryFile}
}

// Folder is a sweep's result on disk, written as the sweep goes. It is new:
// nothing is ever overwritten.
type Folder struct {
	dir                         *os.Root
	path                        string
	findings, unscanned, events *Lines
	csv                         *CSV
	files                       []*os.File
}

// Create makes the folder, which must not exist or be empty.
func Create(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("findings folder: %w", err)
	}
	names, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("findings folder: %w", err)
	}
	if len(names) > 0 {
		return nil, fmt.Errorf("findings folder %s is not empty: it holds %q", path, names[0].Name())
	}
	f := &Folder{path: path}
	if f.dir, err = os.OpenRoot(path); err != nil {
		return nil, fmt.Errorf("findings folder: %w", err)
	}
	if err := f.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("findings folder: %w", err), f.close())
	}
	return f, nil
}

func (f *Folder) open() error {
	for _, name := range []string{FindingsFile, UnscannedFile, EventsFile, TableFile} {
		file, err := f.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		f.files = append(f.files, file)
	}
	f.findings, f.unscanned, f.events = NewLines(f.files[0]), NewLines(f.files[1]), NewLines(f.files[2])
	var err error
	f.csv, err = NewCSV(f.files[3])
	return err
}

// Path returns the folder's path.
func (f *Folder) Path() string { return f.path }

// Finding takes one finding: an analyze.Sinks function.
func (f *Folder) Finding(x analyze.Finding) error {
	return errors.Join(f.findings.Add(x), f.csv.Add(x))
}

// Unscanned takes one item that was not scanned: an analyze.Sinks function.
func (f *Folder) Unscanned(u analyze.Unscanned) error { return f.unscanned.Add(u) }

// Event takes one fact read out of an item: an analyze.Sinks function.
func (f *Folder) Event(e analyze.Event) error { return f.events.Add(e) }

// Close completes the facts, writes them and the summary, and makes all files
// last. It must be called once, after the sweep.
func (f *Folder) Close(facts *Facts, sum analyze.Summary) error {
	facts.Format = FactsFormat
	facts.Complete = sum.Complete
	err := errors.Join(f.findings.Flush(), f.unscanned.Flush(), f.events.Flush(), f.csv.Flush())
	for _, file := range f.files {
		err = errors.Join(err, file.Sync())
	}
	err = errors.Join(err, f.json(FactsFile, facts), f.json(SummaryFile, sum))
	if err = errors.Join(err, f.close()); err != nil {
		return fmt.Errorf("findings folder %s: %w", f.path, err)
	}
	return nil
}

// json writes a file whole, and with it makes the folder's entries last.
func (f *Folder) json(name string, v any) error {
	return durable.WriteNew(f.dir, name, 0o600, func(w io.Writer) error { return writeJSON(w, v) })
}

func (f *Folder) close() error {
	var errs []error
	for _, file := range f.files {
		errs = append(errs, file.Close())
	}
	return errors.Join(append(errs, f.dir.Close())...)
}
