// Package artifacts reads artifact definitions: YAML in the format of the
// ForensicArtifacts project, whole and strict. It knows nothing of sources;
// collect/expand turns a definition's paths into items.
//
// # The format
//
// A file holds YAML documents, one definition each: name, doc, sources, and
// optionally aliases, supported_os, urls and labels. A source has a type,
// attributes and optionally supported_os. Any other key is an error, but for
// one of our own, which other readers of the format refuse or skip:
//
//	x_hozen:
//	  profiles: [triage]        # triage, volatile, full; none means full
//	  follow_links: false       # default true: files behind matching links are taken too
//	  bulk: true                # default false: much, and so taken after all others
//
// Paths may hold %%variables%%, * ? and [a-z] within a component, and one
// component that begins with ** or **N: N levels of folders (1 to 10, 3 where
// it isn't stated), not counting the current one.
//
// # Trust
//
// Definitions may come from anywhere. Files, documents, nesting and counts are
// bounded; YAML anchors and aliases are refused, for the format needs none and
// a few lines of them can stand for gigabytes. One bad definition is a Problem
// and the others load.
package artifacts
