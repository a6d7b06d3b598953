package clitest

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func systemCommands() map[string]command {
	return map[string]command{"odd": odd, "as": asUser, "interrupt": interrupt, "growing": growing}
}

func condition(cond string) (bool, error) {
	switch cond {
	case "root":
		return os.Geteuid() == 0, nil
	case "s3":
		return GatewayProgram() != "", nil
	case "images": // those that scripts/fixtures makes
		_, err := os.Stat(filepath.Join(cacheDir(), "fixtures", "ntfs.raw"))
		return err == nil, nil
	case "corpus":
		_, err := os.Stat(filepath.Join(repository(), "..", "shared", "corpus", "pcap"))
		return err == nil, nil
	}
	return false, errors.New("unknown condition")
}

// program makes ready to start one of the script's programs.
func program(ts *testscript.TestScript, args []string) *exec.Cmd {
	path := args[0]
	if !strings.Contains(path, "/") {
		for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
			if st, err := os.Stat(filepath.Join(dir, path)); err == nil && !st.IsDir() {
				path = filepath.Join(dir, path)
				break
			}
		}
	}
	cmd := exec.Command(path, args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, k := range []string{"PATH", "HOME", "TMPDIR", "XDG_CONFIG_HOME", "WORK", "HOZEN_S3_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"} {
		if v := ts.Getenv(k); v != "" {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
	}
	return cmd
}

// ended shows what a program printed to the script, and judges its exit code.
func ended(ts *testscript.TestScript, want string, args []string, out, errs string, err error) {
	_, _ = io.WriteString(ts.Stdout(), out)
	_, _ = io.WriteString(ts.Stderr(), errs)
	var exit *exec.ExitError
	code := 0
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	judge(ts, want, args[0], code, errs)
}

// asUser runs a program as the user with number USER, where the test is run by
// root (elsewhere as it is), and fails unless it ends with exit code N.
func asUser(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: as N USER program args…")
	}
	id, err := strconv.ParseUint(args[1], 10, 32)
	ts.Check(err)
	cmd := program(ts, args[2:])
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(id), Gid: uint32(id)}}
		reachable(ts.Getenv("WORK"))
		reachable(cmd.Path)
	}
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	ended(ts, args[0], args[2:], out.String(), errs.String(), err)
}

// reachable lets others pass through the test's own folders on the way to path.
func reachable(path string) {
	for dir := path; len(dir) > len(os.TempDir()) && strings.HasPrefix(dir, os.TempDir()); dir = filepath.Dir(dir) {
		if st, err := os.Stat(dir); err == nil && st.Mode().Perm()&0o011 != 0o011 {
			_ = os.Chmod(dir, st.Mode().Perm()|0o055)
		}
	}
}

// interrupt runs a program, waits until PATTERN names a file, sends SIGINT, and
// fails unless the program then ends with exit code N.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: interrupt N PATTERN program args…")
	}
	cmd := program(ts, args[2:])
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	ts.Check(cmd.Start())
	if !appears(ts.MkAbs(args[1])) {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		ts.Fatalf("%s was not there after a minute\n%s", args[1], errs.String())
	}
	ts.Check(cmd.Process.Signal(os.Interrupt))
	err := cmd.Wait()
	ended(ts, args[0], args[2:], out.String(), errs.String(), err)
}

// growing runs a program while FILE is appended to, and fails unless the
// program ends with exit code N.
func growing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: growing FILE N program args…")
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY|os.O_APPEND, 0)
	ts.Check(err)
	defer f.Close()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				_, _ = f.WriteString("one more line\n")
			}
		}
	})
	defer wg.Wait()
	defer close(stop)
	exits(ts, false, args[1:])
}
