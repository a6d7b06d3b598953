package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// units are those of sizes on the command line. K, M and G alone are binary.
var units = []struct {
	name string
	size float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40}, {"b", 1},
}

// ParseSize reads the value of a flag: "2GiB", "500MB", "4096". The empty text is 0, no bound.
func ParseSize(flag, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	low, unit := strings.ToLower(strings.TrimSpace(text)), 1.0
	for _, u := range units {
		if n, ok := strings.CutSuffix(low, u.name); ok {
			low, unit = strings.TrimSpace(n), u.size
			break
		}
	}
	n, err := strconv.ParseFloat(low, 64)
	if err != nil || math.IsNaN(n) || n <= 0 || n*unit > math.MaxInt64/2 {
		return 0, WithCode(Usage, fmt.Errorf("--%s %q: want a size such as 500MiB or 2GB, above 0", flag, text))
	}
	return int64(n * unit), nil
}
