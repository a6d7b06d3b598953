package live

import (
	"encoding/binary"
	"fmt"
)

// Tags of an entry of system.posix_acl_access and _default, version 2
// (include/uapi/linux/posix_acl.h and posix_acl_xattr.h).
const (
	aclVersion  = 2
	aclUserObj  = 0x01
	aclUser     = 0x02
	aclGroupObj = 0x04
	aclGroup    = 0x08
	aclMask     = 0x10
	aclOther    = 0x20
)

// decodeACL returns the entries of a POSIX ACL as getfacl writes them, each
// with prefix before it. user and group name an id of the source.
func decodeACL(b []byte, prefix string, user, group func(uint32) string) ([]string, error) {
	if len(b) < 4 || (len(b)-4)%8 != 0 || binary.LittleEndian.Uint32(b) != aclVersion {
		return nil, fmt.Errorf("POSIX ACL of %d bytes is not version 2", len(b))
	}
	var out []string
	for e := b[4:]; len(e) >= 8; e = e[8:] {
		perm, id := binary.LittleEndian.Uint16(e[2:]), binary.LittleEndian.Uint32(e[4:])
		var who string
		switch tag := binary.LittleEndian.Uint16(e); tag {
		case aclUserObj:
			who = "user:"
		case aclUser:
			who = "user:" + nameOr(user, id)
		case aclGroupObj:
			who = "group:"
		case aclGroup:
			who = "group:" + nameOr(group, id)
		case aclMask:
			who = "mask:"
		case aclOther:
			who = "other:"
		default:
			who = fmt.Sprintf("tag %#x:%d", tag, id)
		}
		out = append(out, prefix+who+":"+rwx(perm))
	}
	return out, nil
}

func nameOr(name func(uint32) string, id uint32) string {
	if n := name(id); n != "" {
		return n
	}
	return fmt.Sprint(id)
}

func rwx(p uint16) string {
	b := []byte("---")
	for i, c := range "rwx" {
		if p&(4>>i) != 0 {
			b[i] = byte(c)
		}
	}
	return string(b)
}
