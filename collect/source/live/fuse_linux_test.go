package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// The parts of the FUSE protocol (include/uapi/linux/fuse.h) that a mount of
// three files needs.
const (
	fuseLookup, fuseForget, fuseGetattr, fuseOpen, fuseRead = 1, 2, 3, 14, 15
	fuseRelease, fuseFlush, fuseInit                        = 18, 25, 26
	fuseOpendir, fuseReaddir, fuseReleasedir                = 27, 28, 29

	fuseSize = 1 << 20 // of every file
	fuseBad  = 256 << 10
)

var fuseNames = []string{"bad", "fine", "hang"} // nodes 2, 3, 4

// fuseMount mounts a filesystem on dir. With answers the file bad gives EIO in
// the middle, and hang never answers there; without, nothing is ever answered.
func fuseMount(t *testing.T, dir string, answers bool) {
	t.Helper()
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip("no FUSE here:", err)
	}
	err = unix.Mount("test", dir, "fuse.test", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd))
	if err != nil {
		unix.Close(fd)
		t.Skip("no right to mount:", err)
	}
	dev := os.NewFile(uintptr(fd), "/dev/fuse")
	t.Cleanup(func() {
		dev.Close() // what waits for an answer gets an error
		unix.Unmount(dir, unix.MNT_DETACH)
	})
	if answers {
		go fuseServe(dev)
	}
}

func fuseServe(dev *os.File) {
	buf := make([]byte, 1<<20)
	for {
		n, err := dev.Read(buf)
		if errors.Is(err, unix.ENOENT) {
			continue // the asker was interrupted
		}
		if err != nil || n < 40 {
			return
		}
		q := buf[:n]
		op, node := binary.NativeEndian.Uint32(q[4:]), binary.NativeEndian.Uint64(q[16:])
		body, errno := fuseAnswer(op, node, q[40:])
		if errno < 0 {
			continue // no answer
		}
		out := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
		out = binary.NativeEndian.AppendUint32(out, uint32(-errno))
		out = append(append(out, q[8:16]...), body...)
		dev.Write(out)
	}
}

func fuseAnswer(op uint32, node uint64, in []byte) (body []byte, errno int) {
	switch op {
	case fuseInit:
		b := make([]byte, 64)
		copy(b, in[:8])
		binary.NativeEndian.PutUint32(b[20:], 64<<10) // max_write
		return b, 0
	case fuseGetattr:
		return append(make([]byte, 16), fuseAttr(node)...), 0
	case fuseLookup:
		for i, n := range fuseNames {
			if string(bytes.TrimRight(in, "\x00")) == n {
				b := make([]byte, 40)
				binary.NativeEndian.PutUint64(b, uint64(i+2))
				return append(b, fuseAttr(uint64(i+2))...), 0
			}
		}
		return nil, int(unix.ENOENT)
	case fuseOpen, fuseOpendir:
		b := make([]byte, 16)
		b[8] = 1 // FOPEN_DIRECT_IO
		return b, 0
	case fuseRead:
		off, size := int64(binary.NativeEndian.Uint64(in[8:])), int64(binary.NativeEndian.Uint32(in[16:]))
		in := off < fuseBad+4096 && off+size > fuseBad
		switch {
		case in && node == 2:
			return nil, int(unix.EIO)
		case in && node == 4:
			return nil, -1
		}
		return bytes.Repeat([]byte("x"), int(max(0, min(size, fuseSize-off)))), 0
	case fuseReaddir:
		if binary.NativeEndian.Uint64(in[8:]) > 0 {
			return nil, 0
		}
		var b []byte
		for i, n := range fuseNames {
			b = binary.NativeEndian.AppendUint64(b, uint64(i+2))
			b = binary.NativeEndian.AppendUint64(b, uint64(i+1))
			b = binary.NativeEndian.AppendUint32(b, uint32(len(n)))
			b = binary.NativeEndian.AppendUint32(b, unix.DT_REG)
			b = append(append(b, n...), make([]byte, (8-len(n)%8)%8)...)
		}
		return b, 0
	case fuseRelease, fuseFlush, fuseReleasedir:
		return nil, 0
	case fuseForget:
		return nil, -1
	}
	return nil, int(unix.ENOSYS)
}

func fuseAttr(node uint64) []byte {
	b := make([]byte, 88)
	binary.NativeEndian.PutUint64(b, node)
	mode := uint32(unix.S_IFDIR | 0o755)
	if node > 1 {
		mode = unix.S_IFREG | 0o644
		binary.NativeEndian.PutUint64(b[8:], fuseSize)
		binary.NativeEndian.PutUint64(b[16:], fuseSize/512)
	}
	binary.NativeEndian.PutUint32(b[60:], mode)
	binary.NativeEndian.PutUint32(b[64:], 1)
	return b
}
