package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/hozen-dfir/hozen/evidence"
)

// Own is the source name of what the collector itself has to say: its ledger,
// its observations, artifacts that failed.
const Own = "hozen"

// ObservationFormat names the format of an observation's content.
const ObservationFormat = "hozen-observation/1"

// Observation is the content of an item that a collector adds when comparing
// views shows something: facts, no judgement. Findings are made by analyzers.
type Observation struct {
	Format   string            `json:"format"`
	Kind     string            `json:"kind"` // e.g. "deleted-executable"
	Text     string            `json:"text"` // one sentence
	Time     evidence.Time     `json:"time"`
	About    About             `json:"about,omitzero"`
	Artifact []string          `json:"artifacts,omitempty"`
	Facts    map[string]string `json:"facts,omitempty"`
}

// About names the item that an observation speaks of.
type About struct {
	Source  string `json:"source,omitempty"`
	Path    string `json:"path,omitempty"`
	PathB64 string `json:"path_b64,omitempty"`
}

var observationKind = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// Observe adds an observation as an item /observations/<kind>/<n>.json of
// source Own. kind is made of a-z, 0-9 and "-". about names the item it is
// about, where there is one; its Artifacts are those of the new item. n counts
// from 1 where the sink keeps a ledger, and is a digest of the content
// elsewhere.
func Observe(ctx context.Context, sink evidence.Sink, kind, text string, about evidence.Record, facts map[string]string) error {
	if !observationKind.MatchString(kind) {
		return fmt.Errorf("observation kind %.80q is not made of a-z, 0-9 and -", kind)
	}
	b, err := json.Marshal(Observation{
		Format: ObservationFormat, Kind: kind, Text: text, Time: evidence.At(time.Now()),
		About: About{about.Source, about.Path, about.PathB64}, Artifact: about.Artifacts, Facts: facts,
	})
	if err != nil {
		return fmt.Errorf("observation %s: %w", kind, err)
	}
	sum := sha256.Sum256(b)
	name := hex.EncodeToString(sum[:8])
	if n := LedgerOf(sink).Number(kind); n > 0 {
		name = strconv.Itoa(n)
	}
	r := evidence.Record{Source: Own, Path: "/observations/" + kind + "/" + name + ".json", Method: Own, Artifacts: about.Artifacts}
	r.Type = evidence.TypeStream
	return sink.Add(ctx, evidence.Item{Record: r, Open: evidence.Bytes(append(b, '\n'))})
}
