package analyze

// Config is what every worker process is built from: compiled rules, a set of
// indicators, options. It is handed to workers once, in shared memory where
// the system has it.
type Config struct {
	Parts []Part
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
