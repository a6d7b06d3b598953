// Package rules embeds the starter content: artifact definitions in the
// ForensicArtifacts format, in our own words.
package rules

import "embed"

// Artifacts holds the definitions below artifacts/, one folder for each
// system family.
//
//go:embed artifacts
var Artifacts embed.FS
