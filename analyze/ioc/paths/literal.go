package paths

import (
	"regexp/syntax"
	"strings"
)

// maxAlternatives bounds the literals taken from one expression.
const maxAlternatives = 64

// required returns folded literals of gram bytes at least, one of which is in
// every text that the expression matches; none where there are no such.
func required(src string) []string {
	re, err := syntax.Parse(src, syntax.Perl)
	if err != nil {
		return nil
	}
	return literals(re.Simplify())
}

func literals(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if l := asciiRun(re.Rune); len(l) >= gram {
			return []string{l}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return literals(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return literals(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if l := literals(sub); better(l, best) {
				best = l
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			l := literals(sub)
			if len(l) == 0 {
				return nil
			}
			if all = append(all, l...); len(all) > maxAlternatives {
				return nil
			}
		}
		return all
	}
	return nil
}

// better prefers sets whose shortest literal is longer.
func better(a, b []string) bool {
	return len(a) > 0 && (len(b) == 0 || shortest(a) > shortest(b))
}

func shortest(l []string) int {
	n := len(l[0])
	for _, s := range l {
		n = min(n, len(s))
	}
	return n
}

// asciiRun returns the longest run of ASCII in a literal, folded.
func asciiRun(runes []rune) string {
	best, run := "", strings.Builder{}
	for _, r := range append(runes[:len(runes):len(runes)], 0x80) {
		if r < 0x80 {
			run.WriteRune(r)
			continue
		}
		if run.Len() > len(best) {
			best = run.String()
		}
		run.Reset()
	}
	return Fold(best)
}
