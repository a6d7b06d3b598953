//go:build !linux

package collectcmd

// syncFacts says that this system was not asked.
func syncFacts(out map[string]string) { out["synchronized"] = "not known on this system" }
