package segment

import (
	"crypto/sha256"
	"encoding/binary"

	"golang.org/x/mod/sumdb/tlog"
)

// emptyRoot is the root of a tree without leaves (RFC 6962, section 2.1).
var emptyRoot = tlog.Hash(sha256.Sum256(nil))

// The few ZIP structures that a segment needs (APPNOTE 6.3.10, sections 4.3.7,
// 4.3.12 and 4.3.16). archive/zip can't be used to write, for it wants an
// entry's CRC before the first byte; it is what reads the result.
const (
	localLen   = 30
	dosEpoch   = 0x0021 // 1980-01-01: entry times are in the record
	flagUTF8   = 0x0800
	madeByUnix = 3<<8 | 20
	needs10    = 10
	needs20    = 20 // another writer may say so; hozen does not
	fileMode   = 0o100600 << 16
)

type entryHead struct {
	name         string
	crc          uint32
	size, offset uint32
}

func (e entryHead) flags() uint16 {
	for i := range len(e.name) {
		if e.name[i] >= 0x80 {
			return flagUTF8
		}
	}
	return 0
}

var le = binary.LittleEndian

func appendLocal(b []byte, e entryHead) []byte {
	b = le.AppendUint32(b, 0x04034b50)
	b = le.AppendUint16(b, needs10)
	b = le.AppendUint16(b, e.flags())
	b = le.AppendUint16(b, 0) // stored
	b = le.AppendUint16(b, 0) // time
	b = le.AppendUint16(b, dosEpoch)
	b = le.AppendUint32(b, e.crc)
	b = le.AppendUint32(b, e.size)
	b = le.AppendUint32(b, e.size)
	b = le.AppendUint16(b, uint16(len(e.name)))
	b = le.AppendUint16(b, 0) // no extra field
	return append(b, e.name...)
}

func appendCentral(b []byte, e entryHead) []byte {
	b = le.AppendUint32(b, 0x02014b50)
	b = le.AppendUint16(b, madeByUnix)
	b = le.AppendUint16(b, needs10)
	b = le.AppendUint16(b, e.flags())
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, dosEpoch)
	b = le.AppendUint32(b, e.crc)
	b = le.AppendUint32(b, e.size)
	b = le.AppendUint32(b, e.size)
	b = le.AppendUint16(b, uint16(len(e.name)))
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // extra, comment, disk, internal attributes
	b = le.AppendUint32(b, fileMode)
	b = le.AppendUint32(b, e.offset)
	return append(b, e.name...)
}

func appendEnd(b []byte, entries, dirLen, dirAt int) []byte {
	b = le.AppendUint32(b, 0x06054b50)
	b = append(b, 0, 0, 0, 0)
	b = le.AppendUint16(b, uint16(entries))
	b = le.AppendUint16(b, uint16(entries))
	b = le.AppendUint32(b, uint32(dirLen))
	b = le.AppendUint32(b, uint32(dirAt))
	return append(b, 0, 0)
}
