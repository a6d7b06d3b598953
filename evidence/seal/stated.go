package seal

import (
	"encoding/json"
	"fmt"
)

// What no writer leaves out of a leaf (SPEC.md, "The seal"). verify.sh knows the
// same.
var (
	headerStates  = []string{"bundle", "kind", "case", "started", "signer", "encryption", "files"}
	segmentStates = []string{"bundle", "number", "object", "size", "sha256", "items", "first_seq", "root", "closed"}
	endStates     = []string{"bundle", "state", "ended", "segments", "items", "bytes", "gaps", "key_fate"}
)

// stated returns an error that names the first of members that a leaf, which is
// sound JSON, does not state. A null stands for an absent one.
func stated(leaf []byte, members []string) error {
	var there map[string]json.RawMessage
	if err := json.Unmarshal(leaf, &there); err != nil {
		return fmt.Errorf("leaf is no JSON object: %w", err)
	}
	for _, m := range members {
		if raw, ok := there[m]; !ok || string(raw) == "null" {
			return fmt.Errorf("%s is missing", m)
		}
	}
	return nil
}
