package guard

import "golang.org/x/sys/unix"

const arch = unix.AUDIT_ARCH_X86_64

func archDenied() []uint32 { return []uint32{unix.SYS_FORK, unix.SYS_VFORK} }
