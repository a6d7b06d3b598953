package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// A private key in the place of a path does not come back in an error or hint.
func TestErrorsHideSecrets(t *testing.T) {
	for _, key := range []string{"AGE-SECRET-KEY-PQ-1HUSH7", "age-secret-key-1hush7", "AGE-PLUGIN-YUBIKEY-1HUSH7", "PRIVATE+KEY+a-b+1234abcd+AHush7/+x=="} {
		err := fmt.Errorf("open %s/key.json: no such file", key)
		var out bytes.Buffer
		printError(&out, WithHint(errors.Join(err, fmt.Errorf("open %q", key)), "is "+key+" a folder?"))
		if got := strings.ToLower(out.String()); strings.Contains(got, "hush") || strings.Count(got, "(a private key)") != 3 {
			t.Errorf("%s", out.String())
		}
	}
}
