package sink

import (
	"embed"

	"github.com/hozen-dfir/hozen/evidence/seal"
)

//go:embed text/README.txt text/verify.sh
var embedded embed.FS

// text is a file of a bundle whose hash is in the header.
type text struct{ name, text string }

func texts() []text {
	var out []text
	for _, name := range seal.TextNames() {
		b, err := embedded.ReadFile("text/" + name)
		if err != nil {
			panic(err) // the compiler put it there
		}
		out = append(out, text{name, string(b)})
	}
	return out
}
