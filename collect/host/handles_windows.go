package host

// Handles is how many of n handles may be kept open for speed alone: Windows
// has no limit that would matter.
func Handles(n int) int { return handles(n, 1<<24) }
