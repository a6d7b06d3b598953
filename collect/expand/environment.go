package expand

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/collect/glob"
	"github.com/hozen-dfir/hozen/evidence"
)

// Bounds on what a source's account file may make us do.
const (
	maxPasswd = 16 << 20
	maxLine   = 64 << 10
	maxHomes  = 10_000
)

// environment is what variables stand for on one source.
type environment struct {
	fold  bool
	roots map[string][][]glob.Segment // leading variables: paths
	words map[string]string           // variables within a component: wildcards
	drive byte                        // letter of the drive that a source of Windows is; 0 where it is not known
	notes []string
}

// newEnvironment reads a source's users and system folders.
func newEnvironment(ctx context.Context, src collect.Source) *environment {
	in := src.Info()
	e := &environment{fold: in.Fold, roots: map[string][][]glob.Segment{},
		// Neither is tied to one user's folder: the pattern may match too much,
		// never too little.
		words: map[string]string{"users.username": "*", "users.sid": "S-1-*"}}
	switch in.OS {
	case collect.Windows:
		e.windows(src)
	case collect.Darwin:
		e.roots["users.homedir"] = [][]glob.Segment{e.segments("/Users/*"), e.segments("/var/root"), e.segments("/private/var/root")}
	default:
		e.linux(ctx, src)
	}
	return e
}

func (e *environment) segments(p string) []glob.Segment {
	var out []glob.Segment
	for _, s := range strings.Split(strings.Trim(p, "/"), "/") {
		if s != "" {
			out = append(out, glob.Compile(s, e.fold))
		}
	}
	return out
}

func (e *environment) literal(p string) []glob.Segment {
	var out []glob.Segment
	for _, s := range strings.Split(strings.Trim(p, "/"), "/") {
		if s != "" {
			out = append(out, glob.Literal(s, e.fold))
		}
	}
	return out
}

// linux gathers home folders: /root, everything in /home, and what the
// source's own /etc/passwd names elsewhere, where it is there.
func (e *environment) linux(ctx context.Context, src collect.Source) {
	homes := [][]glob.Segment{e.literal("/root"), e.segments("/home/*")}
	listed, err := passwdHomes(ctx, src)
	if err != nil {
		e.notes = append(e.notes, "not all home folders named in /etc/passwd are known: "+err.Error())
	}
	covered := glob.NewIndex(false)
	for i, h := range homes {
		covered.Add(i, h)
	}
	for _, h := range listed {
		if len(covered.Match(glob.Names(h))) > 0 {
			continue
		}
		if st, err := src.Lstat(h); err != nil || st.Type != evidence.TypeDir && st.Type != evidence.TypeSymlink {
			continue // accounts of daemons name folders that were never made
		}
		if len(homes) == maxHomes {
			e.notes = append(e.notes, "the account file names more home folders than are searched")
			break
		}
		lit := e.literal(h)
		covered.Add(len(homes), lit)
		homes = append(homes, lit)
	}
	e.roots["users.homedir"] = homes
	e.roots["users.userprofile"] = homes
}

// passwdHomes reads the sixth field of each line of /etc/passwd (passwd(5)).
func passwdHomes(ctx context.Context, src collect.Source) ([]string, error) {
	c, _, err := src.Open(ctx, "/etc/passwd")
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var out []string
	seen := map[string]bool{}
	lines := bufio.NewReaderSize(io.LimitReader(c, maxPasswd), maxLine)
	var odd error
	for {
		line, long, err := lines.ReadLine()
		if err == io.EOF {
			return out, odd
		}
		if err != nil {
			return out, err
		}
		if long { // and those after it count all the same
			odd = fmt.Errorf("lines of more than %d bytes were passed over", maxLine)
			for long && err == nil {
				_, long, err = lines.ReadLine()
			}
			continue
		}
		f := strings.Split(string(line), ":")
		if len(f) < 6 || !strings.HasPrefix(f[5], "/") || strings.ContainsRune(f[5], 0) {
			continue
		}
		h := path.Clean(f[5])
		if !seen[h] && len(out) < maxHomes {
			seen[h] = true
			out = append(out, h)
		}
	}
}

// windows looks for the folders of today's Windows and those of XP.
func (e *environment) windows(src collect.Source) {
	has := func(p string) bool {
		st, err := src.Lstat(p)
		return err == nil && st.Type == evidence.TypeDir // XP's names are links today
	}
	either := func(today, old string) [][]glob.Segment {
		if !has(today) && has(old) {
			return [][]glob.Segment{e.literal(old)}
		}
		return [][]glob.Segment{e.literal(today)}
	}
	e.drive = driveOf(src)
	if e.drive == 0 && (has("/Windows") || has("/WINNT")) {
		e.drive = 'C'
	}
	system := either("/Windows", "/WINNT")
	all := "/Documents and Settings/All Users"
	for name, v := range map[string][][]glob.Segment{
		"environ_systemdrive":     {nil},
		"environ_systemroot":      system,
		"environ_windir":          system,
		"environ_programdata":     either("/ProgramData", all+"/Application Data"),
		"environ_allusersappdata": either("/ProgramData", all+"/Application Data"),
		"environ_allusersprofile": either("/ProgramData", all),
		"environ_programfiles":    {e.literal("/Program Files")},
		"environ_programfilesx86": {e.literal("/Program Files (x86)")},
	} {
		e.roots[name] = v
	}
	// The services' profiles are profiles like any other.
	homes := [][]glob.Segment{e.segments("/Users/*")}
	for _, p := range []string{"/System32/config/systemprofile", "/ServiceProfiles/LocalService", "/ServiceProfiles/NetworkService"} {
		homes = append(homes, append(append([]glob.Segment{}, system[0]...), e.literal(p)...))
	}
	today := map[string]string{
		"users.homedir": "", "users.userprofile": "", "users.appdata": "/AppData/Roaming",
		"users.localappdata": "/AppData/Local", "users.localappdata_low": "/AppData/LocalLow", "users.temp": "/AppData/Local/Temp",
	}
	e.below(homes, today)
	if has("/Documents and Settings") {
		e.below([][]glob.Segment{e.segments("/Documents and Settings/*")}, map[string]string{
			"users.homedir": "", "users.userprofile": "", "users.appdata": "/Application Data",
			"users.localappdata": "/Local Settings/Application Data", "users.temp": "/Local Settings/Temp",
		})
	}
}

// driveOf tells by links that every Windows since Vista makes when it is installed,
// with its drive's letter in them, what drive a source is.
func driveOf(src collect.Source) byte {
	for _, p := range []string{"/Documents and Settings", "/Users/All Users"} {
		st, err := src.Lstat(p)
		if err != nil || st.Type != evidence.TypeSymlink {
			continue
		}
		to := strings.ReplaceAll(st.RawTarget(), `\`, "/")
		if d := letter(strings.TrimPrefix(strings.TrimPrefix(to, "/??"), "/")); d != 0 {
			return d
		}
	}
	return 0
}

// below adds, for each variable, its folder in each of the homes.
func (e *environment) below(homes [][]glob.Segment, folders map[string]string) {
	for name, sub := range folders {
		for _, h := range homes {
			e.roots[name] = append(e.roots[name], append(append([]glob.Segment{}, h...), e.literal(sub)...))
		}
	}
}
