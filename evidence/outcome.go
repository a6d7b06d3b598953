package evidence

// Outcome says how the attempt to acquire one item ended. Absence and failure
// are evidence too: every outcome has a record.
type Outcome string

// The outcomes of DESIGN.md, "The bundle".
const (
	Collected Outcome = "collected" // all bytes were read and nothing changed meanwhile
	Changed   Outcome = "changed"   // all bytes were read, but the file changed while it was read
	Partial   Outcome = "partial"   // some byte ranges could not be read (Record.Lost)
	Missing   Outcome = "missing"   // what was asked for is not there
	Empty     Outcome = "empty"     // it is there and holds no bytes
	Denied    Outcome = "denied"    // the operating system refused
	Failed    Outcome = "failed"    // anything else went wrong (Record.Error)
	Skipped   Outcome = "skipped"   // left out on purpose, by a budget or a rule (Record.Reason)
)

// Outcomes lists every outcome, in the order of summaries.
func Outcomes() []Outcome {
	return []Outcome{Collected, Changed, Partial, Missing, Empty, Denied, Failed, Skipped}
}

// Valid reports whether o is one of the outcomes of format 1.
func (o Outcome) Valid() bool {
	for _, k := range Outcomes() {
		if o == k {
			return true
		}
	}
	return false
}

// HasBytes reports whether an item with this outcome may carry content.
func (o Outcome) HasBytes() bool {
	return o == Collected || o == Changed || o == Partial
}
