// Package rules embeds the starter content, all of it in our own words:
// artifact definitions in the ForensicArtifacts format, YARA rules and lists
// of indicators.
package rules

import "embed"

// Artifacts holds the definitions below artifacts/, one folder for each
// system family.
//
//go:embed artifacts
var Artifacts embed.FS

// YARA holds the rule files below yara/.
//
//go:embed yara
var YARA embed.FS

// IOC holds the lists of indicators below ioc/.
//
//go:embed ioc
var IOC embed.FS
