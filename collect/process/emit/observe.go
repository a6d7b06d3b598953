package emit

import (
	"context"
	"fmt"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
)

// maxObservations bounds the observations of one kind; the last one says that
// there would have been more.
const maxObservations = 10_000

// ObservationFormat names the format of an observation.
const ObservationFormat = "hozen-observation/1"

// Observation is what a collector noticed: facts, and where they were seen.
type Observation struct {
	Format   string            `json:"format"`
	Kind     string            `json:"kind"` // [a-z0-9-]: deleted-executable, hidden-process …
	Text     string            `json:"text"` // one plain sentence
	About    string            `json:"about,omitempty"`
	Facts    map[string]string `json:"facts,omitempty"`
	Artifact string            `json:"artifact"`
	Source   string            `json:"source"`
	Time     evidence.Time     `json:"time"`
}

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
	o := Observation{
		Format: ObservationFormat, Kind: kind, About: about, Artifact: e.artifact, Source: e.source,
		Facts: Safe(facts), Time: evidence.At(time.Now()),
	}
	o.Text, _ = evidence.Text(text)
	b, err := encode(o)
	if err != nil {
		return fmt.Errorf("encoding an observation: %w", err)
	}
	r := e.Record(fmt.Sprintf("/observations/%s/%d.json", kind, n), "hozen")
	r.Source = "hozen"
	return e.sink.Add(ctx, evidence.Item{Record: r, Open: evidence.Bytes(b)})
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
