package verify

import (
	"time"

	"github.com/hozen-dfir/hozen/evidence/bundle"
)

// TimeStamp is what a time-stamp token says.
type TimeStamp struct {
	Time    time.Time `json:"time"`
	Signer  string    `json:"signer"`
	Trusted bool      `json:"trusted"` // its certificate leads to a root that was given
}

// States of one check.
const (
	Passed  = "passed"
	Failed  = "failed"
	NotRun  = "not run"
	Unknown = "unknown"
)

// Check is one kind of check and how it went.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// Signature is one signature over the last checkpoint.
type Signature struct {
	VKey      string `json:"vkey"`
	Name      string `json:"name"`
	Known     bool   `json:"known"` // somebody vouched for the key
	Ephemeral bool   `json:"ephemeral,omitempty"`
	Cosigner  bool   `json:"cosigner,omitempty"`
}

// Report is what Verify found.
type Report struct {
	Bundle   string `json:"bundle"`
	Case     string `json:"case"`
	State    string `json:"state"` // complete, interrupted, unfinished
	Leaves   int64  `json:"leaves"`
	Root     string `json:"root"`  // base64
	Words    string `json:"words"` // its short form
	Segments int    `json:"segments"`
	Stored   int64  `json:"stored,string"` // bytes of segments
	Items    int64  `json:"items"`         // item records read; 0 where segments were not opened
	Bytes    int64  `json:"bytes,string"`  // content hashed

	Signatures  []Signature      `json:"signatures"`
	KnownSigner bool             `json:"known_signer"`
	TimeStamp   *TimeStamp       `json:"time_stamp,omitempty"`
	Checks      []Check          `json:"checks"`
	Problems    []bundle.Problem `json:"problems"`
	Tail        []string         `json:"tail,omitempty"`        // objects after the last checkpoint of an unfinished bundle
	Ended       bool             `json:"-"`                     // the end leaf is there, also in a bundle that was never completed after it
	HalfSigned  bool             `json:"half_signed,omitempty"` // unfinished for a countersignature alone: the collection ended
}

// OK reports whether nothing was found wrong. An unfinished bundle, or one
// whose signer is unknown, can be OK: State and KnownSigner tell.
func (r *Report) OK() bool { return len(r.Problems) == 0 }
