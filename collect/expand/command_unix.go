//go:build unix

package expand

import (
	"os/exec"
	"syscall"
)

// group puts the command in a process group of its own, and ends the group
// when its time is up.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

func systemPath() []string { return []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"} }

func systemEnv() []string { return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"} }
