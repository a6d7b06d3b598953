package netlink

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Bounds of one dump.
const (
	recvBuffer = 256 << 10 // kernels send at most 32 KiB at once
	maxWait    = 10 * time.Second
	maxDump    = 512 << 20 // bytes of one table
)

// Message types below NLMSG_MIN_TYPE, and a flag.
const (
	typeNoop  = 1
	typeError = 2
	typeDone  = 3

	flagDumpInterrupted = 0x10 // NLM_F_DUMP_INTR: the table changed while it was listed
)

// ErrInterrupted says that the table changed while it was listed, so that an
// entry may be missing or there twice.
var ErrInterrupted = errors.New("the table changed while it was listed")

// Dump sends one dump request and calls each for every message of the answer.
// An error of each ends it. After ErrInterrupted everything was delivered.
func Dump(ctx context.Context, protocol int, typ uint16, body []byte, each func(Message) error) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return fmt.Errorf("opening a netlink socket of protocol %d: %w", protocol, err)
	}
	defer unix.Close(fd)
	tv := unix.NsecToTimeval(int64(maxWait))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		return fmt.Errorf("setting a time limit on a netlink socket: %w", err)
	}
	if err := unix.Sendto(fd, request(typ, body), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("asking netlink protocol %d for table %d: %w", protocol, typ, err)
	}
	return receive(ctx, fd, each)
}

func request(typ uint16, body []byte) []byte {
	b := make([]byte, headerLen, headerLen+len(body))
	binary.NativeEndian.PutUint32(b, uint32(headerLen+len(body)))
	binary.NativeEndian.PutUint16(b[4:], typ)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	binary.NativeEndian.PutUint32(b[8:], 1)
	return append(b, body...)
}

func receive(ctx context.Context, fd int, each func(Message) error) error {
	buf := make([]byte, recvBuffer)
	var interrupted error
	for total := 0; total < maxDump; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, _, flags, from, err := unix.Recvmsg(fd, buf, nil, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading a netlink answer: %w", err)
		}
		if a, ok := from.(*unix.SockaddrNetlink); !ok || a.Pid != 0 {
			continue // not from the kernel
		}
		if flags&unix.MSG_TRUNC != 0 {
			return fmt.Errorf("reading a netlink answer: %w", ErrTruncated)
		}
		total += n
		for m, err := range Parse(buf[:n]) {
			if err != nil {
				return err
			}
			if m.Flags&flagDumpInterrupted != 0 {
				interrupted = ErrInterrupted
			}
			done, err := deliver(m, each)
			if done || err != nil {
				return errors.Join(err, interrupted)
			}
		}
	}
	return fmt.Errorf("netlink answer is larger than %d bytes", maxDump)
}

// deliver hands a message on, unless it ends the dump.
func deliver(m Message, each func(Message) error) (done bool, err error) {
	switch m.Type {
	case typeNoop:
		return false, nil
	case typeDone, typeError: // both begin with a negative error number, 0 for success
		if len(m.Body) < 4 {
			return true, ErrTruncated
		}
		if no := int32(binary.NativeEndian.Uint32(m.Body)); no < 0 {
			return true, fmt.Errorf("the kernel refused: %w", unix.Errno(-no))
		}
		return true, nil
	}
	return false, each(m)
}
