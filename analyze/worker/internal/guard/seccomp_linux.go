//go:build amd64 || arm64

package guard

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// denied lists system calls that no analyzer needs: the network, programs,
// other processes, and the kernel's wider doors.
func denied() []uint32 {
	return append(archDenied(),
		unix.SYS_SOCKET, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT, unix.SYS_ACCEPT4,
		unix.SYS_EXECVE, unix.SYS_EXECVEAT,
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_OPEN,
		unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL,
		unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_IO_URING_SETUP, unix.SYS_USERFAULTFD,
		unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
		unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_CHROOT, unix.SYS_PIVOT_ROOT,
		unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
		unix.SYS_OPEN_BY_HANDLE_AT)
}

// Offsets in struct seccomp_data (linux/seccomp.h), little endian.
const (
	offNumber = 0
	offArch   = 4
	offArg0   = 16
)

// filter installs a seccomp program in every thread: denied calls fail with
// EPERM, as does clone(2) without CLONE_THREAD; clone3 fails with ENOSYS so
// that C libraries fall back to clone, whose flags the program can see.
func filter() error {
	prog := program(denied())
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	fp := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	// With TSYNC a positive result is the id of a thread that can't be
	// brought in line (seccomp(2)).
	id, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fp)))
	if errno != 0 {
		return errno
	}
	if id != 0 {
		return fmt.Errorf("thread %d can't be restricted", id)
	}
	return nil
}

func program(deny []uint32) []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		atMin = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		isSet = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		ret   = unix.BPF_RET | unix.BPF_K
		eperm = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	)
	p := []unix.SockFilter{
		{Code: load, K: offArch},
		{Code: equal, Jt: 1, K: arch},
		{Code: ret, K: eperm},
		{Code: load, K: offNumber},
		{Code: atMin, Jf: 1, K: 0x40000000}, // the x32 calls of amd64
		{Code: ret, K: eperm},
		{Code: equal, Jf: 1, K: unix.SYS_CLONE3},
		{Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
	}
	for _, nr := range deny {
		p = append(p, unix.SockFilter{Code: equal, Jf: 1, K: nr}, unix.SockFilter{Code: ret, K: eperm})
	}
	return append(p,
		unix.SockFilter{Code: equal, Jf: 3, K: unix.SYS_CLONE},
		unix.SockFilter{Code: load, K: offArg0},
		unix.SockFilter{Code: isSet, Jt: 1, K: unix.CLONE_THREAD},
		unix.SockFilter{Code: ret, K: eperm},
		unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW})
}
