//go:build unix

package cli

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// TestMain makes the test binary a program that waits for signals, for
// TestCtrlC.
func TestMain(m *testing.M) {
	if os.Getenv("CLI_TEST_CHILD") == "" {
		os.Exit(m.Run())
	}
	p := one(func(app *App, cmd *cobra.Command, _ []string) error {
		os.Stdout.WriteString("ready\n")
		<-cmd.Context().Done()
		os.Stdout.WriteString("cleaning up\n")
		if os.Getenv("CLI_TEST_CHILD") == "slow" {
			time.Sleep(time.Minute)
		}
		if !Interrupted(cmd.Context()) {
			return nil
		}
		return cmd.Context().Err()
	})
	os.Exit(Main(p, []string{"do"}, os.Stdin, os.Stdout, os.Stderr))
}

func TestCtrlC(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		cmd, stderr, read := child(t, "quick")
		read("ready")
		_ = cmd.Process.Signal(sig)
		read("cleaning up")
		_ = cmd.Wait()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "ending in order") || !strings.HasSuffix(stderr.String(), "error: interrupted\n") {
			t.Errorf("%v once: %v, %q", sig, cmd.ProcessState, stderr.String())
		}
	}
	cmd, _, read := child(t, "slow")
	read("ready")
	_ = cmd.Process.Signal(os.Interrupt)
	read("cleaning up")
	began := time.Now()
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait()
	st := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !st.Signaled() || st.Signal() != syscall.SIGINT || time.Since(began) > 10*time.Second {
		t.Errorf("twice: %v after %v", cmd.ProcessState, time.Since(began))
	}
}

func child(t *testing.T, kind string) (*exec.Cmd, *bytes.Buffer, func(string)) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CLI_TEST_CHILD="+kind)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &stderr, func(want string) {
		buf := make([]byte, len(want)+1)
		for n := 0; n < len(buf); {
			m, err := out.Read(buf[n:])
			if n += m; err != nil {
				break
			}
		}
		if string(buf) != want+"\n" {
			t.Fatalf("child said %q, want %q", buf, want)
		}
	}
}
