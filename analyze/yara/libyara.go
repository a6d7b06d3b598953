//go:build cgo

package yara

/*
#cgo !yara_no_pkg_config,!yara_static  pkg-config: yara
#cgo !yara_no_pkg_config,yara_static   pkg-config: --static yara
#cgo yara_no_pkg_config                LDFLAGS:    -lyara -lm
#include <yara.h>
*/
import "C"

import (
	"unsafe"

	yr "github.com/hillu/go-yara/v4"
)

// libyaraVersion is that of the library this program was built with.
const libyaraVersion = C.YR_VERSION

// matchLength returns how long a match is. go-yara tells only the bytes that
// libyara kept of it, 512 at most; the true length is in the YR_MATCH that is
// the first field of its Match (a test would see that change).
func matchLength(m *yr.Match) int {
	if p := *(**C.YR_MATCH)(unsafe.Pointer(m)); p != nil {
		return int(p.match_length)
	}
	return 0
}
