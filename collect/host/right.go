package host

// Right is something that a process may or may not do.
type Right struct {
	Name string // "root", "CAP_DAC_READ_SEARCH"
	Why  string // what is not to be had without it
}
