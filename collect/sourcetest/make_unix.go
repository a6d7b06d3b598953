//go:build unix

package sourcetest

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
)

// Make builds the nodes below root with the means of the system and returns
// what could not be made, with the reason.
func Make(t *testing.T, root string, nodes []Node) map[string]string {
	t.Helper()
	absent := map[string]string{}
	for _, n := range nodes {
		if err := makeNode(root+n.Path, n); err != nil {
			absent[n.Path] = err.Error()
		}
	}
	return absent
}

func makeNode(p string, n Node) error {
	switch n.Type {
	case evidence.TypeDir:
		return os.Mkdir(p, 0o755)
	case evidence.TypeSymlink:
		return os.Symlink(n.Target, p)
	case evidence.TypeFIFO:
		return syscall.Mkfifo(p, 0o600)
	case evidence.TypeSocket:
		return makeSocket(p)
	default:
		return os.WriteFile(p, n.Data, 0o644)
	}
}

// makeSocket leaves the name of a socket behind. A long path fails, for socket
// addresses hold some 100 bytes.
func makeSocket(p string) error {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Clean(p), Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	return l.Close()
}
