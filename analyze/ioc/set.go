package ioc

import "github.com/hozen-dfir/hozen/analyze/ioc/compiled"

// The compiled form of lists, for those who only hand it on.
type (
	// Set is a compiled set of indicators.
	Set = compiled.Set
	// Builder collects indicators for a Set.
	Builder = compiled.Builder
	// Hit is one listing of an indicator that matched.
	Hit = compiled.Hit
)

// NewBuilder returns an empty Builder.
func NewBuilder() *Builder { return compiled.NewBuilder() }

// Load returns the set whose compiled form is blob; see compiled.Load.
func Load(blob []byte) (*Set, error) { return compiled.Load(blob) }
