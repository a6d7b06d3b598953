package analyzetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"github.com/hozen-dfir/hozen/analyze"
	"github.com/hozen-dfir/hozen/evidence"
)

// Record describes data as a collected file.
func Record(path string, data []byte) evidence.Record {
	h := sha256.Sum256(data)
	r := evidence.Record{Format: evidence.RecordFormat, Source: "test", Outcome: evidence.Collected,
		Size: int64(len(data)), SHA256: hex.EncodeToString(h[:]), Stat: evidence.Stat{Type: evidence.TypeFile}}
	r.SetPath(path)
	if len(data) == 0 {
		r.Outcome = evidence.Empty
	}
	return r
}

// Subject offers data as the engine would.
func Subject(path string, data []byte) *analyze.Subject {
	return &analyze.Subject{Record: Record(path, data), Size: int64(len(data)), Body: bytes.NewReader(data),
		Bytes: func(limit int64) ([]byte, error) {
			if int64(len(data)) > limit {
				return nil, nil
			}
			return data, nil
		}}
}

// Streamed is Subject for an item too large for Bytes.
func Streamed(path string, data []byte) *analyze.Subject {
	s := Subject(path, data)
	s.Bytes = func(int64) ([]byte, error) { return nil, nil }
	return s
}

// Absent is an item without content: one that the system refused.
func Absent(path string) *analyze.Subject {
	r := evidence.Record{Format: evidence.RecordFormat, Source: "test", Outcome: evidence.Denied,
		Error: "permission denied", Stat: evidence.Stat{Type: evidence.TypeFile}}
	r.SetPath(path)
	return &analyze.Subject{Record: r, Bytes: func(int64) ([]byte, error) { return nil, nil }}
}
