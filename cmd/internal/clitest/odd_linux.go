package clitest

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// OddPath is how far below the folder the file with the long path lies.
const OddPath = 4500

// odd makes a folder that holds everything a file or a name can be: a symlink
// that leads out of it, a fifo, a socket, a device (as root), two hard links,
// an attribute and an ACL where the tools are there, names with a newline, with
// bytes that are not UTF-8, that differ in case only, a path over 4,096 bytes, a
// sparse file of 64 MiB, an empty one.
func odd(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, "odd DIR")
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	for name, text := range map[string]string{
		"plain": "plain\n", "new\nline": "newline\n", "bad-\xff\xfe": "not UTF-8\n", "Case": "upper\n", "case": "lower\n",
		"labelled": "labelled\n", "empty": "", "outside-target": "in\n", "a.zst": "not compressed\n", "a": "beside a.zst\n",
	} {
		ts.Check(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640))
	}
	ts.Check(os.WriteFile(ts.MkAbs("secret-outside"), []byte("never taken\n"), 0o600))
	ts.Check(os.Symlink(ts.MkAbs("secret-outside"), filepath.Join(dir, "link")))
	ts.Check(os.Symlink("nowhere", filepath.Join(dir, "dangling")))
	ts.Check(os.Link(filepath.Join(dir, "plain"), filepath.Join(dir, "hard")))
	ts.Check(unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	ts.Check(socket(dir, "socket"))
	if os.Geteuid() == 0 {
		ts.Check(mknod(filepath.Join(dir, "device")))
	}
	_ = exec.Command("setfattr", "-n", "user.note", "-v", "evidence", filepath.Join(dir, "labelled")).Run()
	_ = exec.Command("setfacl", "-m", "u:12345:r", filepath.Join(dir, "labelled")).Run()
	ts.Check(sparse(filepath.Join(dir, "sparse")))
	ts.Check(longPath(dir))
}

// socket leaves one behind. Its address is short enough only from within.
func socket(dir, name string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: filepath.Join("/proc/self/fd", fdName(d), name)})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	return l.Close()
}

func sparse(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte("in the middle"), 32<<20)
	return errors.Join(err, f.Truncate(64<<20), f.Close())
}

func longPath(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	part := strings.Repeat("long-", 49) + "."
	for range OddPath/len(part) + 1 {
		if err = root.Mkdir(part, 0o755); err != nil {
			return errors.Join(err, root.Close())
		}
		next, oerr := root.OpenRoot(part)
		root.Close()
		if oerr != nil {
			return oerr
		}
		root = next
	}
	defer root.Close()
	return root.WriteFile("bottom", []byte("deep\n"), 0o600)
}

func fdName(f *os.File) string { return strconv.Itoa(int(f.Fd())) }

// mknod makes another /dev/zero: who opens and reads it never ends.
func mknod(name string) error {
	return unix.Mknod(name, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5)))
}
