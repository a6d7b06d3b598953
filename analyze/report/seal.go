package report

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
)

// Source of the items of a findings bundle.
const source = "hozen-sweep"

// Seal writes the files of a closed Folder as a findings bundle. Its header
// names the parent bundles with their roots and every rule file with its
// digest. opt is completed in Header.Kind, Parents, Rules and Options; signer,
// recipients and the rest of the header are the caller's.
func Seal(ctx context.Context, dir string, facts Facts, out sink.Output, opt sink.Options) (sink.Totals, error) {
	fill(&opt.Header, facts)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return sink.Totals{}, fmt.Errorf("seal findings: %w", err)
	}
	defer root.Close()
	w, err := sink.New(ctx, out, opt)
	if err != nil {
		return sink.Totals{}, fmt.Errorf("seal findings: %w", err)
	}
	var failed error
	for _, name := range Files() {
		if err := add(ctx, w, root, name); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	end := seal.End{State: seal.Complete, KeyFate: opt.Header.Signer.KeyFate()}
	if !facts.Complete || failed != nil {
		end.State, end.Reason = seal.Interrupted, "the sweep was ended before its time"
	}
	t, err := w.Close(ctx, end)
	if n := t.Outcomes[evidence.Collected] + t.Outcomes[evidence.Empty]; err == nil && n != len(Files()) {
		failed = fmt.Errorf("only %d of %d files are whole in the bundle", n, len(Files()))
	}
	if err = errors.Join(failed, err); err != nil {
		return t, fmt.Errorf("seal findings: %w", err)
	}
	return t, nil
}

// fill states what the findings were made from.
func fill(h *seal.Header, facts Facts) {
	h.Kind = seal.KindFindings
	for _, p := range facts.Parents {
		if p.Proved() {
			h.Parents = append(h.Parents, seal.Parent{Bundle: p.Name, Case: p.Case, Size: p.TreeSize, Root: p.Root})
		}
	}
	for _, r := range facts.Rules {
		if r.SHA256 != "" {
			h.Rules = append(h.Rules, seal.File{Name: r.Name, SHA256: r.SHA256})
		}
	}
	if h.Options == nil {
		h.Options = map[string]string{}
	}
	for k, v := range facts.Options {
		h.Options[k] = v
	}
	h.Options["rules_failed"] = strconv.Itoa(facts.Failed())
}

// add hands one file to the writer.
func add(ctx context.Context, w *sink.Writer, root *os.Root, name string) error {
	st, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("%s is no file", name)
	}
	r := evidence.Record{Source: source, Path: name, Method: "hozen",
		Stat: evidence.Stat{Type: evidence.TypeFile, StatLen: st.Size(), MTime: evidence.At(st.ModTime())}}
	item := evidence.Item{Record: r, Open: func(context.Context) (evidence.Content, error) { return open(root, name) }}
	return w.Add(ctx, item)
}

func open(root *os.Root, name string) (evidence.Content, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	return &content{f}, nil
}

// content is a file of a result on its way into a bundle.
type content struct{ fs.File }

// Finish implements evidence.Content.
func (c *content) Finish() evidence.Finish { return evidence.Finish{} }
