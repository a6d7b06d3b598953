package evidence

import (
	"fmt"
	"io/fs"
)

// StatOf describes a file as far as every system knows it: type, size,
// permissions, time of change.
func StatOf(fi fs.FileInfo) Stat {
	return Stat{Type: TypeOf(fi.Mode()), StatLen: fi.Size(), Mode: fmt.Sprintf("%04o", fi.Mode().Perm()), MTime: At(fi.ModTime())}
}

// TypeOf names the type in a file mode.
func TypeOf(m fs.FileMode) FileType {
	switch {
	case m.IsRegular():
		return TypeFile
	case m.IsDir():
		return TypeDir
	case m&fs.ModeSymlink != 0:
		return TypeSymlink
	case m&fs.ModeNamedPipe != 0:
		return TypeFIFO
	case m&fs.ModeSocket != 0:
		return TypeSocket
	case m&fs.ModeCharDevice != 0:
		return TypeChar
	case m&fs.ModeDevice != 0:
		return TypeBlock
	}
	return TypeUnknown
}
