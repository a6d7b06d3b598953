package verify_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence/internal/bundletest"
	"github.com/hozen-dfir/hozen/evidence/verify"
)

// A record states what every record does, and its times in the one form that
// they have; whoever lists items goes by the same.
func TestRecordsAsWritten(t *testing.T) {
	m := bundletest.New(t)
	const good = "2026-02-28T23:59:59.000000000Z"
	for line, ok := range map[string]bool{
		`"mtime":"` + good + `"`:                             true,
		`"mtime":"2024-02-29T00:00:00.123456789Z"`:           true,
		`"mtime":null`:                                       true,
		`"stat_after":{"mtime":"` + good + `","ctime":null}`: true,
		`"fn_btime":"` + good + `","began":null`:             true,
		`"later":{"mtime":"yesterday"}`:                      true, // not known to this version
		`"details":{"mtime":"yesterday"}`:                    true,
		`"mtime":"2026-02-28T23:59:59Z"`:                     false,
		`"mtime":"2026-02-28T23:59:59.5Z"`:                   false,
		`"mtime":"2026-02-28T23:59:59.0000000000Z"`:          false,
		`"mtime":"2026-02-28T23:59:59.000000000+00:00"`:      false,
		`"mtime":"2026-02-28T23:59:59.000000000+01:00"`:      false,
		`"mtime":"2026-02-28t23:59:59.000000000z"`:           false,
		`"mtime":"2026-02-28T23:59:59,000000000Z"`:           false,
		`"mtime":"2026-02-28 23:59:59.000000000Z"`:           false,
		`"mtime":"2026-02-30T23:59:59.000000000Z"`:           false,
		`"mtime":"2026-02-29T23:59:59.000000000Z"`:           false,
		`"mtime":"2026-02-28T24:00:00.000000000Z"`:           false,
		`"mtime":"2026-02-28T23:59:60.000000000Z"`:           false,
		`"mtime":"\u00326-02-28T23:59:59.000000000Z"`:        false,
		`"mtime":"\u0032026-02-28T23:59:59.000000000Z"`:      false,
		`"mtime":""`:                                                 false,
		`"mtime":0`:                                                  false,
		`"atime":"2026-02-28T23:59:59Z"`:                             false,
		`"fn_ctime":"2026-02-28T23:59:59Z"`:                          false,
		`"began":"2026-02-28T23:59:59+09:00"`:                        false,
		`"ended":"2026-02-28T23:59:59Z"`:                             false,
		`"stat_after":{"btime":"2026-02-28T23:59:59Z"}`:              false,
		`"details":{},"stat_after":{"fn_mtime":"2026-02-28T23:59Z"}`: false,
	} {
		written(t, m, line, ok, func(whole string) string { return strings.Replace(whole, "}", ","+line+"}", 1) })
	}
	for _, member := range []string{`"size":"0"`, `"path":"/f1"`} {
		written(t, m, "without "+member, false, func(whole string) string { return strings.Replace(whole, ","+member, "", 1) })
		name, _, _ := strings.Cut(member, ":")
		written(t, m, "null for "+member, false, func(whole string) string { return strings.Replace(whole, member, name+":null", 1) })
		written(t, m, "nested "+member, false, func(whole string) string { return strings.Replace(whole, member, `"x":{`+member+`}`, 1) })
	}
}

// written verifies and lists a bundle of one record, which is written as edit
// makes it.
func written(t *testing.T, m *bundletest.Maker, name string, ok bool, edit func(string) string) {
	t.Helper()
	x := record(1, "")
	x.line = func(whole string) string {
		if edit(whole) == whole {
			t.Fatalf("%s: nothing to change in %s", name, whole)
		}
		return edit(whole)
	}
	dir := lie(t, m, ended(1, 0, 1), []told{x})
	if r := m.Verify(dir, verify.Options{}); r.OK() != ok || !ok && !strings.Contains(problems(r), "segments/000001") {
		t.Errorf("%s: sound %v, want %v: %q", name, r.OK(), ok, problems(r))
	}
	for it, err := range m.Open(dir).Items(context.Background()) {
		if (err == nil) != ok || ok && it.Record.Seq != 1 {
			t.Errorf("%s: listed with %v", name, err)
		}
	}
}
