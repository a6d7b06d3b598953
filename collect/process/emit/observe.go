package emit

import (
	"context"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// maxObservations bounds the observations of one kind; the last one says that
// there may have been more.
const maxObservations = 10_000

// Observe adds an observation. about is the path of the item that it speaks of;
// facts may hold bytes that are not UTF-8, which then stand in base64 under the
// key with "_b64" added.
func (e *Emitter) Observe(ctx context.Context, kind, text, about string, facts map[string]string) error {
	e.mu.Lock()
	e.observed[kind]++
	n := e.observed[kind]
	e.mu.Unlock()
	if n > maxObservations {
		return nil
	}
	if n == maxObservations {
		text, about, facts = "there may be more observations of this kind than are kept", "", nil
	}
	text, _ = evidence.Text(text)
	r := evidence.Record{Artifacts: []string{e.artifact}}
	if about != "" {
		r = e.Record(about, "")
	}
	return collect.Observe(ctx, e.sink, kind, text, r, Safe(facts))
}

// Safe returns facts with what is not UTF-8 in base64 beside a readable form.
func Safe(facts map[string]string) map[string]string {
	if len(facts) == 0 {
		return nil
	}
	out := map[string]string{}
	for k, v := range facts {
		text, b64 := evidence.Text(v)
		out[k] = text
		if b64 != "" {
			out[k+"_b64"] = b64
		}
	}
	return out
}
