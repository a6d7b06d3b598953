package live

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/hozen-dfir/hozen/evidence"
)

// xattrs returns the extended attributes of the object behind fd, an O_PATH
// handle, and its POSIX ACLs decoded. Such handles refuse the f*xattr calls;
// their link in /proc names the same object.
func (t *tree) xattrs(fd int) ([]evidence.Xattr, []string) {
	link := "/proc/self/fd/" + strconv.Itoa(fd)
	list := func(b []byte) (int, error) { return unix.Listxattr(link, b) }
	get := func(name string, b []byte) (int, error) { return unix.Getxattr(link, name, b) }
	var small [512]byte
	names, err := grow(small[:], list)
	switch {
	case errors.Is(err, unix.ENOTSUP) || err == nil && len(names) == 0:
		return nil, nil
	case err != nil:
		return []evidence.Xattr{{Error: "list extended attributes: " + err.Error()}}, nil
	}
	return t.values(names, get)
}

func (t *tree) values(names []byte, get func(string, []byte) (int, error)) (out []evidence.Xattr, acl []string) {
	total := 0
	for name := range bytes.SplitSeq(bytes.TrimSuffix(names, []byte{0}), []byte{0}) {
		x := evidence.Xattr{Name: string(name)}
		if len(out) >= xattrCount {
			x.Name, x.Error = "", "more attributes than "+strconv.Itoa(xattrCount)+"; the rest was left out"
			return append(out, x), acl
		}
		v, err := grow(nil, func(b []byte) (int, error) { return get(x.Name, b) })
		switch {
		case err != nil:
			x.Error = err.Error()
		case total+len(v) > xattrTotal:
			x.Error = "value of " + strconv.Itoa(len(v)) + " bytes left out: too much in all"
		default:
			x.Value = v
			total += len(v)
			lines, err := t.acl(x.Name, v)
			if err != nil {
				x.Error = err.Error()
			}
			acl = append(acl, lines...)
		}
		x.Name, x.NameB64 = evidence.Text(x.Name)
		out = append(out, x)
	}
	return out, acl
}

func (t *tree) acl(name string, v []byte) ([]string, error) {
	prefix, ok := "", false
	switch name {
	case "system.posix_acl_access":
		ok = true
	case "system.posix_acl_default":
		prefix, ok = "default:", true
	}
	if !ok {
		return nil, nil
	}
	users, groups := t.names()
	lookup := func(m map[uint32]string) func(uint32) string {
		return func(id uint32) string { return strings.TrimSpace(m[id]) }
	}
	return decodeACL(v, prefix, lookup(users), lookup(groups))
}

// grow calls a function of the xattr family with a buffer that is large
// enough. The kernel's own bound is 64 KiB for a value and for a list.
func grow(b []byte, call func([]byte) (int, error)) ([]byte, error) {
	for range 8 {
		n, err := call(b)
		switch {
		case err == nil && len(b) > 0:
			return b[:n], nil
		case err == nil && n == 0:
			return nil, nil
		case err != nil && !errors.Is(err, unix.ERANGE):
			return nil, err
		}
		if n, err = call(nil); err != nil || n == 0 {
			return nil, err
		}
		b = make([]byte, n+64)
	}
	return nil, unix.ERANGE
}
