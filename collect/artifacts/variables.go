package artifacts

import (
	"fmt"
	"slices"
	"strings"
)

// pathVariables are the variables of the format that may stand in paths.
var pathVariables = []string{
	"users.homedir", "users.appdata", "users.localappdata", "users.localappdata_low",
	"users.sid", "users.temp", "users.username", "users.userprofile",
	"environ_allusersappdata", "environ_allusersprofile", "environ_programdata", "environ_programfiles",
	"environ_programfilesx86", "environ_systemdrive", "environ_systemroot", "environ_windir",
}

// keyVariables may stand in registry keys.
var keyVariables = append([]string{"current_control_set"}, pathVariables...)

// Variables splits s at its %%variables%%: even elements are plain text, odd
// ones variable names. An unclosed %% is text.
func Variables(s string) []string {
	var out []string
	for {
		i := strings.Index(s, "%%")
		if i < 0 {
			return append(out, s)
		}
		j := strings.Index(s[i+2:], "%%")
		if j < 0 {
			return append(out, s)
		}
		out = append(out, s[:i], s[i+2:i+2+j])
		s = s[i+2+j+2:]
	}
}

func checkVariables(s string, known []string) error {
	parts := Variables(s)
	for i := 1; i < len(parts); i += 2 {
		if !slices.Contains(known, parts[i]) {
			return fmt.Errorf("unknown variable %%%%%.60s%%%%", parts[i])
		}
	}
	if strings.Contains(parts[len(parts)-1], "%%") {
		return fmt.Errorf("a variable is not closed")
	}
	return nil
}
