package host

// handles bounds n by an eighth of a limit, but for two.
func handles(n int, limit uint64) int {
	if limit/8 < uint64(n) {
		n = max(2, int(limit/8))
	}
	return n
}
