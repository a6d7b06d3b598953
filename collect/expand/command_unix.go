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

// endGroup ends what a command that has ended left running in its group, and
// reports whether there was anything: the collector leaves no process on the
// host. One that went into a session of its own is out of reach.
func endGroup(cmd *exec.Cmd) bool {
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) == nil
}

func systemPath() []string { return []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"} }

func systemEnv() []string { return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"} }
