package sourcetest

import (
	"bytes"

	"github.com/hozen-dfir/hozen/collect"
	"github.com/hozen-dfir/hozen/evidence"
)

// Node is one object of the tree that a factory is asked to make. Parents
// come before children.
type Node struct {
	Path   string // absolute within the fixture, raw bytes
	Type   evidence.FileType
	Data   []byte // of a file
	Target string // of a symlink
}

// Fixture is a source that holds a tree.
type Fixture struct {
	Source collect.Source
	// Base is the source path at which the tree lies: "" where the source's
	// root is the fixture's.
	Base string
	// Absent names the nodes that this kind of source can't hold, with the
	// reason: an NTFS image has no fifo.
	Absent map[string]string
	// Denied, where set, is a file that the source may not open.
	Denied string
}

// big is larger than any read buffer and not a multiple of a block.
func big() []byte {
	b := bytes.Repeat([]byte("0123456789abcdef"), 1<<16+3)
	return append(b, "tail"...)
}

// Nodes returns the tree of the suite.
func Nodes() []Node {
	file := func(p string, d []byte) Node { return Node{Path: p, Type: evidence.TypeFile, Data: d} }
	dir := func(p string) Node { return Node{Path: p, Type: evidence.TypeDir} }
	link := func(p, to string) Node { return Node{Path: p, Type: evidence.TypeSymlink, Target: to} }
	return []Node{
		file("/empty", nil),
		file("/small", []byte("small file\n")),
		file("/big", big()),
		dir("/dir"),
		file("/dir/inside", []byte("inside")),
		dir("/dir/sub"),
		file("/dir/sub/deep", []byte("deep")),
		dir("/emptydir"),
		link("/link-file", "small"),
		link("/link-dir", "dir"),
		link("/link-absolute", "/etc/passwd"),
		link("/link-dangling", "nowhere"),
		link("/link-loop", "link-loop"),
		link("/dir/link-up", "../../../../../../.."),
		dir("/names"),
		file("/names/with space", []byte("1")),
		file("/names/new\nline", []byte("2")),
		file("/names/bad\xff\xfeutf8", []byte("3")),
		file("/names/back\\slash", []byte("4")),
		file("/names/quote\"'$(x)`;", []byte("5")),
		file("/names/ünïcödé", []byte("6")),
		file("/names/trailing.", []byte("7")),
		file("/names/Case", []byte("upper")),
		file("/names/case", []byte("lower")),
		{Path: "/fifo", Type: evidence.TypeFIFO},
		{Path: "/socket", Type: evidence.TypeSocket},
	}
}
