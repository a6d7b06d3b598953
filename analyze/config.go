package analyze

// Config is what every worker process is built from: compiled rules, a set of
// indicators, options. It is handed to workers once, in shared memory where
// the system has it.
type Config struct {
	Parts  []Part
	Memory int64 // bytes that one worker may use, 0 for no limit; the pool sets it
}

// wholeUnlimited is Whole for workers without a limit.
const wholeUnlimited = 256 << 20

// Whole returns the size in bytes up to which a worker holds an item in one
// piece: a quarter of its memory, so that the next item's piece and the
// analyzers find room beside it. What is larger is read in blocks.
func (c Config) Whole() int64 {
	if c.Memory <= 0 {
		return wholeUnlimited
	}
	return c.Memory / 4
}

// Part is one named piece of a Config. Builders must not write to Data: it may
// be a read-only mapping, and stays valid as long as the process lives.
type Part struct {
	Name string // "yara", "ioc", …
	Data []byte
}

// Get returns the data of the named part.
func (c Config) Get(name string) ([]byte, bool) {
	for _, p := range c.Parts {
		if p.Name == name {
			return p.Data, true
		}
	}
	return nil, false
}

// Builder makes the analyzers of one worker. derive hands content found inside
// an item to the other analyzers; it is valid only within Examine.
type Builder func(cfg Config, derive Deriver) ([]Analyzer, error)
