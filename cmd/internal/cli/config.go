package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/hozen-dfir/hozen/evidence/input"
)

// configMax bounds a configuration file, in bytes.
const configMax = 64 << 10

// configure sets the flags of cmd that the command line doesn't: from
// HOZEN_<NAME> (upper case, "_" for "-"; one value a line for flags that may
// be repeated), then from the configuration file. The file is YAML: a key is a
// flag's name, its value a scalar or a list; a key that names a command
// ("collect", "store put") holds flags for that command alone, which win.
//
//	quiet: true
//	collect:
//	  examiner: A. Examiner
//	  to: [age1pq1…, age1pq1…]
func (a *App) configure(cmd *cobra.Command) error {
	var err error
	from := map[string]string{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "HOZEN_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		v, ok := os.LookupEnv(name)
		if !ok || f.Changed || f.Name == "help" || err != nil {
			return
		}
		err = set(cmd, f, values(f, v), name)
		from[f.Name] = name
	})
	if err != nil {
		return err
	}
	file, must := a.configPath()
	conf, err := readConfig(file, must)
	if errors.Is(err, fs.ErrPermission) && !must {
		// Another user's home (su without -): nobody asked for that file.
		a.Warnf("%v; it is left out", err)
		err = nil
	}
	if err != nil {
		return err
	}
	if err := conf.check(cmd.Root()); err != nil {
		return err
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if v, ok := conf.lookup(cmd, f.Name); ok && !f.Changed && err == nil {
			err = set(cmd, f, v, file)
			from[f.Name] = file
		}
	})
	if err == nil && len(from) > 0 { // what was not typed is said
		a.Notef("also set: %s", describe(from))
	}
	return err
}

func describe(from map[string]string) string {
	var parts []string
	for flag, where := range from {
		parts = append(parts, fmt.Sprintf("--%s (%s)", flag, where))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// configPath names the file, and whether it must be there.
func (a *App) configPath() (string, bool) {
	if a.configFile != "" {
		return a.configFile, true
	}
	if dir, err := os.UserConfigDir(); err == nil && a.program.HomeConfig {
		return filepath.Join(dir, "hozen", "config.yaml"), false
	}
	return "", false
}

func values(f *pflag.Flag, v string) []string {
	if _, list := f.Value.(pflag.SliceValue); list {
		return strings.FieldsFunc(v, func(r rune) bool { return r == '\n' })
	}
	return []string{v}
}

// set goes through the flag set, so that the flag counts as given.
func set(cmd *cobra.Command, f *pflag.Flag, vals []string, from string) error {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		for _, v := range vals {
			if err := list.Append(v); err != nil {
				return Usagef("%s: --%s: %w", from, f.Name, err)
			}
		}
		f.Changed = len(vals) > 0
		return nil
	}
	if len(vals) != 1 {
		return Usagef("%s: --%s takes one value", from, f.Name)
	}
	if err := cmd.Flags().Set(f.Name, vals[0]); err != nil {
		return Usagef("%s: %w", from, err)
	}
	return nil
}

// config is a configuration file: section ("" or a command) → flag → values.
type config struct {
	file     string
	sections map[string]map[string][]string
}

func readConfig(file string, must bool) (config, error) {
	c := config{file: file, sections: map[string]map[string][]string{"": {}}}
	if file == "" {
		return c, nil
	}
	b, err := input.Small(file, configMax)
	if os.IsNotExist(err) && !must {
		return c, nil
	}
	if err != nil {
		return c, Usagef("reading the configuration: %w", err)
	}
	var doc map[string]yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return c, Usagef("the configuration %s: %w", file, err)
	}
	for key, node := range doc {
		if err := c.add(key, &node); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *config) add(key string, node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		v, err := c.scalars(key, node)
		c.sections[""][key] = v
		return err
	}
	section := map[string][]string{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i].Value
		v, err := c.scalars(key+": "+name, node.Content[i+1])
		if err != nil {
			return err
		}
		section[name] = v
	}
	c.sections[key] = section
	return nil
}

func (c *config) scalars(key string, node *yaml.Node) ([]string, error) {
	list := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		list = node.Content
	}
	var out []string
	for _, n := range list {
		if n.Kind != yaml.ScalarNode {
			return nil, Usagef("the configuration %s, line %d: %s must be a value or a list of values", c.file, n.Line, key)
		}
		out = append(out, n.Value)
	}
	return out, nil
}

// lookup finds a flag's values: the command's own section first.
func (c *config) lookup(cmd *cobra.Command, flag string) ([]string, bool) {
	if v, ok := c.sections[section(cmd)][flag]; ok {
		return v, true
	}
	v, ok := c.sections[""][flag]
	return v, ok
}

// section is a command's path without the program's name; hozen-collect reads
// what stands under "collect", so that one file serves both programs.
func section(cmd *cobra.Command) string {
	name, rest, sub := strings.Cut(cmd.CommandPath(), " ")
	if _, alone, ok := strings.Cut(name, "hozen-"); ok && !sub {
		return alone
	}
	return rest
}

// check refuses keys that no command has: a misspelt key must not be passed
// over in silence.
func (c *config) check(root *cobra.Command) error {
	known := map[string]map[string]bool{"": nil}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		flags := map[string]bool{}
		add := func(f *pflag.Flag) { flags[f.Name] = true }
		cmd.Flags().VisitAll(add)
		cmd.InheritedFlags().VisitAll(add)
		known[section(cmd)] = flags
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
	for name, flags := range c.sections {
		if _, ok := known[name]; !ok {
			return Usagef("the configuration %s: there is no command %q", c.file, name)
		}
		for flag := range flags {
			if name == "" && !anyHas(known, flag) || name != "" && !known[name][flag] {
				return Usagef("the configuration %s: there is no flag --%s", c.file, strings.TrimSpace(name+" "+flag))
			}
		}
	}
	return nil
}

func anyHas(known map[string]map[string]bool, flag string) bool {
	for _, flags := range known {
		if flags[flag] {
			return true
		}
	}
	return false
}
