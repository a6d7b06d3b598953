package artifacts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hozen-dfir/hozen/collect"
)

// good is a definition to spoil.
const good = `name: Good
doc: A good one.
sources:
- type: FILE
  attributes: {paths: ['/etc/good']}
supported_os: [Linux]
`

func TestParseReadsEveryType(t *testing.T) {
	text := `# comment
---
name: All
aliases: [Everything]
doc: |
  Two
  lines.
sources:
- type: FILE
  attributes:
    paths: ['%%users.homedir%%\x\**2\*.log']
    separator: '\'
  supported_os: [Windows]
- {type: PATH, attributes: {paths: [/srv]}}
- {type: DIRECTORY, attributes: {paths: [/opt]}}
- {type: COMMAND, attributes: {cmd: /bin/ls, args: [-l, 5]}}
- {type: REGISTRY_KEY, attributes: {keys: ['HKEY_USERS\%%users.sid%%\Software\*']}}
- {type: REGISTRY_VALUE, attributes: {key_value_pairs: [{key: 'HKEY_LOCAL_MACHINE\A', value: ''}]}}
- {type: WMI, attributes: {query: SELECT * FROM X, base_object: 'winmgmts:\root'}}
- {type: ARTIFACT_GROUP, attributes: {names: [Other]}}
supported_os: [Linux, Windows]
urls: ['https://example.com']
x_hozen: {profiles: [triage], follow_links: false}
---
`
	defs, problems := Parse("f.yaml", []byte(text))
	if len(problems) > 0 || len(defs) != 1 {
		t.Fatal(defs, problems)
	}
	want := &Definition{
		Name: "All", Doc: "Two\nlines.\n", Aliases: []string{"Everything"}, OS: []collect.OS{"Linux", "Windows"},
		URLs: []string{"https://example.com"}, Profiles: []string{"triage"}, File: "f.yaml", Line: 3,
		Sources: []Source{
			{Type: TypeFile, OS: []collect.OS{"Windows"}, Paths: []string{`%%users.homedir%%\x\**2\*.log`}, Separator: `\`, Line: 9},
			{Type: TypePath, Paths: []string{"/srv"}, Separator: "/", Line: 14},
			{Type: TypeDirectory, Paths: []string{"/opt"}, Separator: "/", Line: 15},
			{Type: TypeCommand, Cmd: "/bin/ls", Args: []string{"-l", "5"}, Separator: "/", Line: 16},
			{Type: TypeRegistryKey, Keys: []string{`HKEY_USERS\%%users.sid%%\Software\*`}, Separator: "/", Line: 17},
			{Type: TypeRegistryValue, Pairs: []Pair{{`HKEY_LOCAL_MACHINE\A`, ""}}, Separator: "/", Line: 18},
			{Type: TypeWMI, Query: "SELECT * FROM X", BaseObject: `winmgmts:\root`, Separator: "/", Line: 19},
			{Type: TypeGroup, Names: []string{"Other"}, Separator: "/", Line: 20},
		},
	}
	if d := cmp.Diff(want, defs[0]); d != "" {
		t.Error(d)
	}
}

// TestParseRefuses spoils a definition; each must be refused with the words
// given, at the line given, and the good one after it must load.
func TestParseRefuses(t *testing.T) {
	src := func(s string) string { return "name: Bad\ndoc: x\nsources:\n" + s }
	for _, c := range []struct {
		name, text, want string
		line             int
	}{
		{"unknown key", good + "extra: 1\n", `unknown key "extra"`, 7},
		{"deprecated key", good + "conditions: [os == 1]\n", `unknown key "conditions"`, 7},
		{"key twice", good + "doc: again\n", `"doc" twice`, 7},
		{"merge key", good + "<<: {urls: []}\n", "unknown key", 7},
		{"second without marker", good + "...\nname: Second\n", "did not find expected <document start>", 7},
		{"text after the end", "{name: Bad, doc: x, sources: [{type: FILE, attributes: {paths: [/a]}}]}{", "did not find expected <document start>", 1},
		{"no name", strings.Replace(good, "name: Good\n", "", 1), "name is missing", 1},
		{"no doc", strings.Replace(good, "doc: A good one.\n", "", 1), "doc is missing", 1},
		{"no sources", "name: Bad\ndoc: x\n", "sources is missing", 1},
		{"empty sources", "name: Bad\ndoc: x\nsources: []\n", "at least one source", 3},
		{"sources no list", src("  type: FILE"), "must be a list", 4},
		{"hostile name", strings.Replace(good, "Good", "../../x", 1), "not made of letters", 1},
		{"reserved name", strings.Replace(good, "Good", "hozen.processes", 1), "built-in", 1},
		{"name is a list", strings.Replace(good, "Good", "[Good]", 1), "must be a text", 1},
		{"unknown os", strings.Replace(good, "[Linux]", "[BeOS]", 1), `unknown supported_os "BeOS"`, 1},
		{"os is text", strings.Replace(good, "[Linux]", "Linux", 1), "must be a list", 6},
		{"no type", src("- attributes: {paths: [/a]}"), "unknown source type", 4},
		{"unknown type", src("- {type: MAGIC, attributes: {}}"), `"MAGIC"`, 4},
		{"no attributes", src("- type: FILE"), "no attributes", 4},
		{"foreign attribute", src("- {type: FILE, attributes: {cmd: /bin/sh}}"), `unknown key "cmd"`, 4},
		{"source key", src("- {type: FILE, attributes: {paths: [/a]}, conditions: []}"), `unknown key "conditions"`, 4},
		{"no paths", src("- {type: FILE, attributes: {paths: []}}"), "empty", 4},
		{"relative path", src("- {type: FILE, attributes: {paths: [etc/passwd]}}"), "begins neither", 4},
		{"dot dot", src("- {type: FILE, attributes: {paths: [/a/../../etc/shadow]}}"), `".."`, 4},
		{"NUL", src(`- {type: FILE, attributes: {paths: ["/a\0b"]}}`), "NUL", 4},
		{"separator", src("- {type: FILE, attributes: {paths: [/a], separator: ':'}}"), "separator", 4},
		{"two stars twice", src("- {type: FILE, attributes: {paths: [/a/**/b/**]}}"), "more than once", 4},
		{"depth 0", src("- {type: FILE, attributes: {paths: [/a/**0]}}"), "1 to 10", 4},
		{"depth 11", src("- {type: FILE, attributes: {paths: [/a/**11]}}"), "1 to 10", 4},
		{"depth huge", src("- {type: FILE, attributes: {paths: [/a/**99999999999999999999]}}"), "1 to 10", 4},
		{"unknown variable", src("- {type: FILE, attributes: {paths: ['%%users.shell%%/a']}}"), "users.shell", 4},
		{"open variable", src("- {type: FILE, attributes: {paths: ['%%users.homedir/a']}}"), "not closed", 4},
		{"HKCU", src(`- {type: REGISTRY_KEY, attributes: {keys: ['HKEY_CURRENT_USER\X']}}`), "HKEY_CURRENT_USER is not allowed", 4},
		{"HKCU pair", src(`- {type: REGISTRY_VALUE, attributes: {key_value_pairs: [{key: 'HKEY_CURRENT_USER\X', value: a}]}}`), "HKEY_USERS", 4},
		{"no hive", src(`- {type: REGISTRY_KEY, attributes: {keys: ['Software\X']}}`), "registry root", 4},
		{"pair without key", src(`- {type: REGISTRY_VALUE, attributes: {key_value_pairs: [{value: a}]}}`), "no key", 4},
		{"empty command", src("- {type: COMMAND, attributes: {args: [a]}}"), "cmd is missing", 4},
		{"command is a list", src("- {type: COMMAND, attributes: {cmd: [a]}}"), "must be a text", 4},
		{"empty group", src("- {type: ARTIFACT_GROUP, attributes: {names: []}}"), "empty", 4},
		{"no query", src("- {type: WMI, attributes: {base_object: x}}"), "query is missing", 4},
		{"profile", good + "x_hozen: {profiles: [everything]}\n", "unknown profile", 7},
		{"own key", good + "x_hozen: {colour: red}\n", `unknown key "colour"`, 7},
		{"bool", good + "x_hozen: {follow_links: perhaps}\n", "true or false", 7},
		{"bulk", good + "x_hozen: {bulk: much}\n", "bulk must be true or false", 7},
		{"anchor", "name: &a Bad\ndoc: *a\nsources: []\n", "anchors", 1},
		{"binary tag", strings.Replace(good, "A good one.", "!!binary aGk=", 1), "must be a text", 2},
		{"own tag", strings.Replace(good, "A good one.", "!!python/object:os.system x", 1), "must be a text", 2},
		{"syntax", "name: Bad\ndoc: \"x\nurls: ]\n", "found", 2},
		{"scalar", "just text\n", "must be a mapping", 1},
		{"deep", "name: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "nested deeper", 1},
		{"wide", "name: Bad\nurls: [" + strings.Repeat("a,", 30000) + "a]\n", "YAML nodes", 2},
		{"long text", "name: Bad\ndoc: " + strings.Repeat("a", 20<<10) + "\n", "a text of", 2},
		{"large", "name: Bad\ndoc: x\n#" + strings.Repeat("a", 300<<10), "bytes", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			defs, problems := Parse("f.yaml", []byte(c.text+"\n---\n"+good))
			if len(problems) != 1 || len(defs) != 1 || defs[0].Name != "Good" {
				t.Fatalf("%d definitions, problems %v", len(defs), problems)
			}
			p := problems[0]
			if !strings.Contains(p.Error(), c.want) || !strings.HasPrefix(p.Error(), "f.yaml:") {
				t.Errorf("%q does not hold %q", p.Error(), c.want)
			}
			if p.Line != c.line {
				t.Errorf("line %d, want %d: %s", p.Line, c.line, p)
			}
		})
	}
}

// TestBombsEndSoon feeds what makes careless readers of YAML grow.
func TestBombsEndSoon(t *testing.T) {
	laughs := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 20; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	for name, text := range map[string]string{
		"laughs":    laughs,
		"itself":    "name: &a [*a]\n",
		"documents": strings.Repeat("---\n", MaxFile/4),
		"flow maps": strings.Repeat("{a: ", 50_000),
		"markers":   strings.Repeat("---\nname: x\n", 600_000),
		"too large": strings.Repeat("#", MaxFile+1),
		"binary":    strings.Repeat("\x00\xff\x01---\n", 1000),
	} {
		began := time.Now()
		_, problems := Parse(name, []byte(text))
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%s took %s", name, took)
		}
		if len(problems) == 0 {
			t.Errorf("%s: no problem reported", name)
		}
		if len(problems) > maxDefinitions+2 {
			t.Errorf("%s: %d problems", name, len(problems))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("---\n" + good + "---\n" + good))
	f.Add([]byte("name: A\ndoc: b\nsources:\n- {type: ARTIFACT_GROUP, attributes: {names:[A]}}\n"))
	f.Add([]byte("name: &a A\ndoc: *a\n"))
	f.Add([]byte("%YAML 1.1\n---\n? a\n: b\n"))
	f.Add([]byte("name: A\ndoc: b\nsources:\n- type: FILE\n  attributes: {paths: ['%%users.homedir%%/**5/*.[ch]'], separator: '/'}\nx_hozen: {profiles: [full]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		defs, problems := Parse("f", data)
		var s Set
		problems = append(problems, s.Add(defs...)...)
		s.Check()
		for _, p := range problems {
			if p.Text == "" || p.File == "" {
				t.Errorf("empty problem %+v", p)
			}
		}
		for _, d := range defs {
			if !validName(d.Name) || d.Doc == "" || len(d.Sources) == 0 {
				t.Errorf("an incomplete definition was read: %+v", d)
			}
		}
	})
}
