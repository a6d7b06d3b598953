package collectcmd

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/all"
	"github.com/hozen-dfir/hozen/collect/packets"
)

// listed is one line of --list --json.
type listed struct {
	Name     string       `json:"name"`
	Doc      string       `json:"doc,omitempty"`
	OS       []collect.OS `json:"os"`
	Profiles []string     `json:"profiles"`
	BuiltIn  bool         `json:"built_in,omitempty"`
	File     string       `json:"file,omitempty"`
	Paths    []string     `json:"paths,omitempty"`
}

// list shows every artifact. A definition that can't be read is named, and the
// command fails after showing the others.
func list(app *cli.App, f flags) error {
	set, err := f.loadDefinitions()
	var lines []listed
	for _, a := range all.Artifacts(all.Options{Packets: []packets.Spec{{}}}) {
		lines = append(lines, listed{Name: a.Name(), OS: a.Needs().OS, Profiles: builtinProfiles(a), BuiltIn: true, Doc: "built in"})
	}
	for _, d := range set.All() {
		l := listed{Name: d.Name, Doc: d.Doc, OS: d.OS, Profiles: d.Profiles, File: d.File}
		for _, s := range d.Sources {
			l.Paths = append(l.Paths, s.Paths...)
		}
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b listed) int { return strings.Compare(a.Name, b.Name) })
	w := tabwriter.NewWriter(app.Out, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		if app.JSON {
			if err := app.Emit(l); err != nil {
				return err
			}
			continue
		}
		doc, _, _ := strings.Cut(strings.TrimSpace(l.Doc), "\n")
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", cli.Safe(l.Name), names(l.OS), strings.Join(l.Profiles, ","), cli.Safe(doc))
	}
	if ferr := w.Flush(); ferr != nil {
		return ferr
	}
	return cli.WithCode(cli.Usage, err)
}

func names(list []collect.OS) string {
	if len(list) == 0 {
		return "any"
	}
	out := make([]string, len(list))
	for i, o := range list {
		out[i] = string(o)
	}
	return strings.Join(out, ",")
}

// builtinProfiles are those that take a built-in artifact; packets are only
// taken where they are asked for.
func builtinProfiles(a collect.Artifact) []string {
	if a.Stage() == collect.Throughout {
		return []string{"--packets"}
	}
	return []string{collect.ProfileVolatile, collect.ProfileTriage, collect.ProfileFull}
}
