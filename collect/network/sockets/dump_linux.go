package sockets

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/collect/network/netlink"
)

// Diag asks the kernel for every socket of the caller's network namespace.
// gaps tells by protocol what it would not list; a kernel without a module for
// a protocol says so there.
func Diag(ctx context.Context, each func(Socket)) (gaps map[string]string) {
	gaps = map[string]string{}
	for _, q := range queries() {
		if err := dump(ctx, q, each); err != nil {
			gaps[q.String()] = err.Error()
		}
	}
	return gaps
}

func dump(ctx context.Context, q query, each func(Socket)) error {
	bad := 0
	err := netlink.Dump(ctx, unix.NETLINK_SOCK_DIAG, unix.SOCK_DIAG_BY_FAMILY, q.body(), func(m netlink.Message) error {
		s, err := q.parse(m.Body)
		if err != nil {
			bad++
			return nil
		}
		each(s)
		return nil
	})
	if errors.Is(err, unix.ENOENT) {
		return errors.New("this kernel has no sock_diag for it")
	}
	if err == nil && bad > 0 {
		return fmt.Errorf("%d answers were cut short", bad)
	}
	return err
}
