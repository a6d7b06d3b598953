package guard

import "golang.org/x/sys/unix"

const arch = unix.AUDIT_ARCH_AARCH64

func archDenied() []uint32 { return nil }
