//go:build !unix

package target

import (
	"io/fs"

	"github.com/hozen-dfir/hozen/evidence"
)

type owners map[uint32]string

func (owners) fill(*evidence.Record, fs.FileInfo) {}
