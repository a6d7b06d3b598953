package collectcmd

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/hozen-dfir/hozen/cmd/internal/cli"
	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/all"
	"github.com/hozen-dfir/hozen/collect/artifacts"
	"github.com/hozen-dfir/hozen/collect/packets"
	"github.com/hozen-dfir/hozen/collect/run"
	"github.com/hozen-dfir/hozen/collect/source/image"
	"github.com/hozen-dfir/hozen/collect/source/live"
	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/disk"
	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/sink"
	"github.com/hozen-dfir/hozen/evidence/store/open"
	"github.com/hozen-dfir/hozen/rules"
)

// check finds wrong use before anything is touched.
func (f *flags) check(profileSet bool) error {
	switch {
	case f.caseID == "" || f.examiner == "" || f.out == "":
		return cli.WithHint(cli.Usagef("a collection needs --case, --examiner and --out"), "for example: --case IR-1 --examiner \"A. Examiner\" --to keys/ --out b/")
	case len(f.to) == 0 && !f.noEncryption:
		return cli.WithHint(cli.Usagef("no recipient: nobody could open the bundle"), "give --to RECIPIENT, or --no-encryption where anyone may read it")
	case len(f.to) > 0 && f.noEncryption:
		return cli.Usagef("--to and --no-encryption exclude each other")
	case !slices.Contains([]string{collect.ProfileNone, collect.ProfileVolatile, collect.ProfileTriage, collect.ProfileFull}, f.profile):
		return cli.Usagef("unknown profile %q; there are triage, volatile, full and none", f.profile)
	case !(f.cpu >= 0 && f.cpu <= 100): // nor is NaN
		return cli.Usagef("--cpu %g: want a percentage from 0 to 100", f.cpu)
	case f.workers < 0 || f.workers > sink.MaxWorkers:
		return cli.Usagef("--workers %d: want 0 to %d", f.workers, sink.MaxWorkers)
	case f.timeout < 0:
		return cli.Usagef("--timeout %s is negative", f.timeout)
	case f.spill != "" && !f.remote():
		return cli.Usagef("--spill goes with --out s3://…")
	case f.profile == collect.ProfileNone && len(f.paths)+len(f.artifacts)+len(f.pcaps)+len(f.packets) == 0:
		return cli.WithHint(cli.Usagef("there is nothing to take"), "--profile none takes what --path, --artifact, --packets and --pcap name, and nothing else")
	}
	for _, h := range f.hashes {
		if h != "sha1" && h != "md5" && h != "sha256" {
			return cli.Usagef("--hash %q: there are sha1 and md5 (sha256 is always there)", h)
		}
	}
	if len(f.pcaps) > 0 && len(f.images)+len(f.trees) == 0 && !profileSet {
		f.profile = collect.ProfileNone
	}
	for _, p := range f.paths {
		if f.offline() && !strings.HasPrefix(p, "/") {
			return cli.WithHint(cli.Usagef("--path %q does not begin with /", p),
				"in an image or a tree a path begins at its root, with forward slashes: /Windows/System32/config")
		}
	}
	if err := keys.ValidPerson(f.examiner); err != nil {
		return cli.BadFlag("examiner", err)
	}
	if err := CheckAddress(f.out); err != nil {
		return cli.BadFlag("out", err)
	}
	for _, o := range [][2]string{{"out", f.out}, {"spill", f.spill}} {
		if err := OutsideBundles(o[0], o[1]); err != nil {
			return err
		}
	}
	if err := checkTSA(f.tsa); err != nil {
		return cli.BadFlag("tsa", err)
	}
	return cli.WithCode(cli.Usage, evidence.ValidCase(f.caseID))
}

// checkTSA finds what can't be the address of a time-stamping authority, which
// is only asked at the end.
func checkTSA(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q: want http://host/path or https://host/path", address)
	}
	return nil
}

// namedWrong is the error of a flag that names an image or a tree. What can't be
// opened is wrong use; a medium that can't be read is not.
func namedWrong(flag, path, want string, err error) error {
	if errors.Is(err, syscall.EIO) {
		return fmt.Errorf("--%s %s: %w", flag, path, err)
	}
	if form := (*disk.FormError)(nil); errors.As(err, &form) {
		want = form.Next
	}
	return cli.WithHint(cli.BadFlag(flag, fmt.Errorf("%s: %w", path, err)), want)
}

func (f *flags) remote() bool { return strings.HasPrefix(f.out, "s3://") }

func (f *flags) zip() bool { return strings.HasSuffix(strings.ToLower(f.out), ".zip") }

// offline reports whether this host is not what is collected.
func (f *flags) offline() bool { return len(f.images)+len(f.trees) > 0 }

// plan gathers sources, artifacts and budgets. Close the sources in it.
func (f *flags) plan() (run.Plan, []image.Note, error) {
	p := run.Plan{Profile: f.profile, Commands: f.allowCommands}
	var err error
	if p.Paths, err = f.named(); err != nil {
		return p, nil, err
	}
	if p.Budget, err = f.budget(); err != nil {
		return p, nil, err
	}
	var notes []image.Note
	if p.Sources, notes, err = f.sources(); err != nil {
		return p, nil, err
	}
	if p.Definitions, err = f.asked(p.Sources); err == nil {
		p.Idle = f.idle
		p.Builtins, err = f.builtins()
	}
	if err != nil {
		closeSources(p.Sources)
		return p, nil, err
	}
	if !f.offline() {
		p.Own = f.own()
	}
	return p, notes, nil
}

func (f *flags) budget() (b run.Budget, err error) {
	b.Timeout, b.CPU = f.timeout, f.cpu
	if b.MaxFile, err = cli.ParseSize("max-file", f.maxFile); err != nil {
		return b, err
	}
	if b.MaxTotal, err = cli.ParseSize("max-total", f.maxTotal); err != nil {
		return b, err
	}
	if b.MaxSparse, err = cli.ParseSize("max-sparse", f.maxSparse); err != nil {
		return b, err
	}
	b.IO, err = cli.ParseSize("io", f.io)
	return b, err
}

func (f *flags) sources() (out []collect.Source, notes []image.Note, err error) {
	defer func() {
		if err != nil {
			closeSources(out)
		}
	}()
	var images image.Opener
	for i, path := range f.images {
		s, n, err := images.Open(path)
		if err != nil {
			return out, nil, namedWrong("image", path, "name a raw image of a disk or a volume", err)
		}
		if len(f.images) > 1 {
			s, n = renamed(s, n, fmt.Sprintf("image%d-", i+1))
		}
		out, notes = append(out, s...), append(notes, n...)
	}
	for i, dir := range f.trees {
		name := "tree"
		if len(f.trees) > 1 {
			name = fmt.Sprintf("tree%d", i+1)
		}
		s, err := live.OpenTree(dir, name, treeOS(dir))
		if err != nil {
			return out, nil, namedWrong("tree", dir, "name the folder that the tree is mounted at", err)
		}
		out = append(out, s)
	}
	if f.offline() {
		return out, notes, nil
	}
	s, err := live.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("this host: %w", err)
	}
	return []collect.Source{s}, nil, nil
}

// prefixed is a source under another name, where two images have a p1 each.
type prefixed struct {
	collect.Source
	prefix string
}

func (p prefixed) Info() collect.SourceInfo {
	i := p.Source.Info()
	i.Name = p.prefix + i.Name
	return i
}

// Spell implements collect.Speller, as far as the source does.
func (p prefixed) Spell(path string) (string, error) {
	if s, ok := p.Source.(collect.Speller); ok {
		return s.Spell(path)
	}
	return "", errors.ErrUnsupported
}

// renamed puts prefix before the names of an image's volumes. A note about the
// whole image then names the image.
func renamed(in []collect.Source, notes []image.Note, prefix string) ([]collect.Source, []image.Note) {
	for i, s := range in {
		in[i] = prefixed{s, prefix}
	}
	for i, n := range notes {
		notes[i].Volume = strings.TrimSuffix(prefix+n.Volume, "-")
	}
	return in, notes
}

// treeOS tells from its folders what system a mounted tree is of.
func treeOS(dir string) collect.OS {
	for _, name := range []string{"Windows", "WINDOWS", "WINNT"} {
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil && st.IsDir() {
			return collect.Windows
		}
	}
	if st, err := os.Stat(filepath.Join(dir, "System", "Library")); err == nil && st.IsDir() {
		return collect.Darwin
	}
	return collect.Linux
}

func closeSources(list []collect.Source) {
	for _, s := range list {
		s.Close()
	}
}

// definitions loads the embedded definitions and those named by hand.
func (f *flags) loadDefinitions() (*artifacts.Set, error) {
	set := &artifacts.Set{}
	problems := set.LoadFS(rules.Artifacts, "artifacts", false)
	for _, name := range f.definitions {
		problems = append(problems, set.LoadPath(name)...)
	}
	problems = append(problems, set.Check()...)
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return set, errors.Join(errs...)
}

// asked is what profile and --artifact ask for on the systems at hand.
func (f *flags) asked(sources []collect.Source) ([]*artifacts.Definition, error) {
	set, err := f.loadDefinitions()
	if err != nil {
		return nil, cli.WithHint(cli.WithCode(cli.Usage, err), "mend or leave out the definition; nothing was collected")
	}
	f.replaced = set.Replaced()
	var names []string
	for _, n := range f.artifacts {
		if !strings.HasPrefix(n, artifacts.Reserved) {
			names = append(names, n)
		}
	}
	var out []*artifacts.Definition
	var errs []error
	var systems []collect.OS
	for _, s := range sources {
		system := s.Info().OS
		if slices.Contains(systems, system) {
			continue
		}
		systems = append(systems, system)
		defs, problems := set.Asked(f.profile, names, system)
		for _, p := range problems {
			errs = append(errs, p)
		}
		for _, d := range defs {
			if !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
	}
	f.idle = set.Idle(names, systems)
	return out, cli.WithHint(cli.WithCode(cli.Usage, errors.Join(errs...)), "collect --list shows every artifact")
}

// builtins are the built-in artifacts that profile, --artifact, --packets and
// --pcap ask for.
func (f *flags) builtins() ([]collect.Artifact, error) {
	specs, err := packets.ParseSpecs(f.packets)
	if err != nil {
		return nil, cli.WithCode(cli.Usage, fmt.Errorf("--packets: %w", err))
	}
	var out []collect.Artifact
	named := map[string]bool{}
	for _, n := range f.artifacts {
		named[n] = strings.HasPrefix(n, artifacts.Reserved)
	}
	for _, a := range all.Artifacts(all.Options{Packets: specs}) {
		byProfile := f.profile != collect.ProfileNone && !f.offline()
		if a.Name() == packets.Name {
			byProfile = len(specs) > 0
		}
		if byProfile || named[a.Name()] {
			out = append(out, a)
		}
		delete(named, a.Name())
	}
	for n, builtin := range named {
		if n == packets.Name {
			return nil, cli.WithHint(cli.Usagef("--artifact %s does not say which packets", n), "for example: --packets any:30s")
		}
		if builtin {
			return nil, cli.WithHint(cli.Usagef("no built-in artifact %q", n), "collect --list shows them")
		}
	}
	if len(f.pcaps) > 0 {
		out = append(out, captures(f.pcaps))
	}
	return out, nil
}

// own names the collector's output, which is never evidence.
func (f *flags) own() []string {
	var out []string
	for _, p := range []string{f.out, f.spill} { // preflight adds where links lead
		if p == "" || strings.HasPrefix(p, "s3://") {
			continue
		}
		if abs, err := filepath.Abs(p); err == nil {
			out = append(out, filepath.ToSlash(abs[len(filepath.VolumeName(abs)):]))
		}
	}
	return out
}

// output opens the place that the bundle goes to.
func (f *flags) output(ctx context.Context) (sink.Output, error) {
	switch {
	case f.remote():
		s, err := open.Store(ctx, f.out)
		if err != nil {
			return nil, err
		}
		return sink.NewStore(s, "", f.spill), nil
	case f.zip():
		return sink.NewZip(f.out)
	default:
		return sink.NewDir(f.out)
	}
}
