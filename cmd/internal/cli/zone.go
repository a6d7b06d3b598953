package cli

import (
	"os"
	"time"
)

// zoneFile is what Go reads the local time zone from, once, where TZ is not set.
const zoneFile = "/etc/localtime"

// settleZone keeps Go from opening a zone file that is none: on a hostile host it
// may be a fifo, and the first look at the clock would wait for a writer for ever.
func settleZone() {
	if _, set := os.LookupEnv("TZ"); !set && waits(zoneFile) {
		time.Local = time.UTC
	}
}

// waits reports whether opening a file may take for ever.
func waits(name string) bool {
	st, err := os.Stat(name)
	return err == nil && !st.Mode().IsRegular()
}
