package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// opensslTSA is a time-stamping authority made of the openssl command, on the
// loopback address. It returns its address and its certificate's file.
func opensslTSA(t *testing.T) (url, root string) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	config := "[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=v3\n[dn]\nCN=Test authority\n[v3]\nextendedKeyUsage=critical,timeStamping\n" +
		"[tsa]\ndefault_tsa=t\n[t]\nserial=" + dir + "/serial\nsigner_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\ness_cert_id_alg=sha256\n"
	for name, text := range map[string]string{"c.cnf": config, "serial": "01\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openssl := func(args ...string) error {
		c := exec.Command("openssl", args...)
		c.Dir = dir
		out, err := c.CombinedOutput()
		if err != nil {
			t.Logf("openssl %v: %s", args, out)
		}
		return err
	}
	if err := openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "c.pem", "-config", "c.cnf", "-days", "2"); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "q"), query, 0o600)
		}
		if err == nil {
			err = openssl("ts", "-reply", "-config", "c.cnf", "-section", "t", "-queryfile", "q", "-signer", "c.pem", "-inkey", "k.pem", "-out", "r")
		}
		answer, rerr := os.ReadFile(filepath.Join(dir, "r"))
		if err != nil || rerr != nil {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(answer)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, filepath.Join(dir, "c.pem")
}

func hozen(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if got := run(args, strings.NewReader(""), &out, &out); got != want {
		t.Fatalf("hozen %v ended with %d, want %d\n%s", args, got, want, out.String())
	}
	return out.String()
}

// A collection gets a time stamp from a real authority; verify tells what it
// says, trusts it as far as a certificate was given, and finds every change.
func TestTimeStamp(t *testing.T) {
	url, root := opensslTSA(t)
	dir := t.TempDir()
	b := filepath.Join(dir, "b")
	item := filepath.Join(dir, "item")
	if err := os.WriteFile(item, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	collect := []string{"collect", "--case", "IR-1", "--examiner", "A. Examiner", "--no-encryption", "--profile", "none", "--path", item}
	hozen(t, 0, append(collect, "--out", b, "--tsa", url)...)
	if out := hozen(t, 0, "verify", b); !strings.Contains(out, "authority unknown") {
		t.Errorf("without a root: %s", out)
	}
	if out := hozen(t, 0, "verify", b, "--tsa-root", root); !strings.Contains(out, "passed      time stamp") || !strings.Contains(out, "Test authority") {
		t.Errorf("with a root: %s", out)
	}
	if out, err := exec.Command("bash", filepath.Join(b, "verify.sh")).CombinedOutput(); err != nil {
		t.Errorf("verify.sh: %v\n%s", err, out)
	}
	tokens, _ := filepath.Glob(filepath.Join(b, "seal", "*.tsr"))
	if len(tokens) != 1 {
		t.Fatalf("tokens %v", tokens)
	}
	check := strings.TrimSuffix(tokens[0], ".tsr") + ".checkpoint"
	if out, err := exec.Command("openssl", "ts", "-verify", "-token_in", "-in", tokens[0], "-data", check, "-CAfile", root).CombinedOutput(); err != nil {
		t.Errorf("openssl ts -verify: %v\n%s", err, out)
	}
	good, err := os.ReadFile(tokens[0])
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(good); at += 37 {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		if err := os.WriteFile(tokens[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		hozen(t, 4, "verify", b)
	}
	if out, err := exec.Command("bash", filepath.Join(b, "verify.sh")).CombinedOutput(); err == nil {
		t.Errorf("verify.sh passes a changed token:\n%s", out)
	}
	// A dead authority does not harm the collection; it is a gap, and said.
	if out := hozen(t, 3, append(collect, "--out", b+"2", "--tsa", "http://127.0.0.1:1/")...); !strings.Contains(out, "no time stamp") {
		t.Errorf("a dead authority: %s", out)
	}
	hozen(t, 0, "verify", b+"2")
}
