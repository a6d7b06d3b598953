package clitest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

func jsonCommands() map[string]command {
	return map[string]command{"json": checkJSON, "setjson": setJSON}
}

// checkJSON fails unless FILE ("stdout": what the last program printed) is one
// or more lines, each a JSON object, and some line has at every given path a
// value that its regular expression matches. A path is names with dots between
// them; lists are looked through. With ! no line may.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: json FILE [path~regexp…]")
	}
	lines := jsonLines(ts, args[0])
	_, found := matching(ts, lines, args[1:])
	if found == neg && len(args) > 1 {
		ts.Fatalf("%s: lines that match %q: %v, want %v\n%s", args[0], args[1:], found, !neg, ts.ReadFile(args[0]))
	}
}

// setJSON sets VAR to the value at path in the first line of FILE that matches.
func setJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: setjson VAR FILE path [path~regexp…]")
	}
	line, ok := matching(ts, jsonLines(ts, args[1]), args[3:])
	if !ok {
		ts.Fatalf("%s: no line matches %q", args[1], args[3:])
	}
	v := at(line, args[2])
	if len(v) == 0 {
		ts.Fatalf("%s: nothing at %s", args[1], args[2])
	}
	ts.Setenv(args[0], v[0])
}

func jsonLines(ts *testscript.TestScript, file string) []map[string]any {
	var out []map[string]any
	text := ts.ReadFile(file)
	if !strings.HasSuffix(text, "\n") {
		ts.Fatalf("%s does not end with a line: %q", file, text)
	}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			ts.Fatalf("%s: line %d is no JSON object: %v: %q", file, i+1, err, line)
		}
		out = append(out, v)
	}
	return out
}

func matching(ts *testscript.TestScript, lines []map[string]any, conditions []string) (map[string]any, bool) {
	for _, line := range lines {
		all := true
		for _, c := range conditions {
			path, expr, ok := strings.Cut(c, "~")
			if !ok {
				ts.Fatalf("%q: want path~regexp", c)
			}
			re, err := regexp.Compile(expr)
			ts.Check(err)
			any := false
			for _, v := range at(line, path) {
				any = any || re.MatchString(v)
			}
			all = all && any
		}
		if all {
			return line, true
		}
	}
	return nil, false
}

// at returns the values at a path, as text.
func at(v any, path string) []string {
	switch v := v.(type) {
	case []any:
		var out []string
		for _, x := range v {
			out = append(out, at(x, path)...)
		}
		return out
	case map[string]any:
		name, rest, _ := strings.Cut(path, ".")
		if x, ok := v[name]; ok {
			return at(x, rest)
		}
		return nil
	}
	if path != "" || v == nil {
		return nil
	}
	return []string{fmt.Sprint(v)}
}
