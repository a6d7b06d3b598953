package yara

import (
	"bytes"
	"path"
	"strings"

	"github.com/hozen-dfir/hozen/evidence"
)

// externalNames are the variables that public rule sets expect, all strings.
func externalNames() []string {
	return []string{"filename", "filepath", "extension", "filetype", "owner"}
}

// Externals are the values of the external variables for one item.
type Externals struct {
	Filename  string // last part of the path
	Filepath  string // the whole path; that of a Windows image as C:\Users\…
	Extension string // with the dot, lower case: ".exe"
	Filetype  string // by its first bytes: EXE, ELF, PDF … or ""
	Owner     string // name of the owner, or its id
}

// ExternalsOf works out the variables from an item's record and first bytes.
func ExternalsOf(r evidence.Record, head []byte) Externals {
	p := r.RawPath()
	slashed := strings.ReplaceAll(p, `\`, "/")
	if r.Method != "ntfs" && strings.IndexByte(p, '/') >= 0 {
		slashed = p // on other systems a backslash is part of a name
	}
	x := Externals{Filename: path.Base(slashed), Filepath: p, Filetype: filetype(head), Owner: r.Owner}
	if p == "" {
		x.Filename = ""
	}
	if r.Method == "ntfs" && strings.HasPrefix(p, "/") {
		x.Filepath = "C:" + strings.ReplaceAll(p, "/", `\`)
	}
	if x.Owner == "" {
		x.Owner = r.UID
	}
	x.Extension = strings.ToLower(path.Ext(x.Filename))
	return x
}

func (x Externals) values() []string {
	return []string{x.Filename, x.Filepath, x.Extension, x.Filetype, x.Owner}
}

// headLen is how many bytes filetype looks at.
const headLen = 512

// magics are first bytes and the words that public rules compare filetype
// with. Earlier lines win.
var magics = []struct{ head, name string }{
	{"MZ", "EXE"}, {"\x7fELF", "ELF"}, {"%PDF", "PDF"}, {"PK\x03\x04", "ZIP"}, {"PK\x05\x06", "ZIP"},
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "OLE"}, {"{\\rtf", "RTF"}, {"{\\rt", "RTF"}, {"Rar!\x1a\x07", "RAR"},
	{"7z\xBC\xAF\x27\x1C", "7ZIP"}, {"\x1f\x8b\x08", "GZIP"}, {"BZh", "BZIP2"}, {"\xFD7zXZ\x00", "XZ"},
	{"\x28\xB5\x2F\xFD", "ZSTD"}, {"MSCF", "CAB"}, {"\xFF\xD8\xFF", "JPEG"}, {"\x89PNG\r\n\x1a\n", "PNG"}, {"GIF8", "GIF"},
	{"MDMP", "MDMP"}, {"regf", "Registry Hive"}, {"ElfFile\x00", "EVTX"}, {"0\x00\x00\x00LfLe", "EVT"},
	{"L\x00\x00\x00\x01\x14\x02\x00", "LNK"}, {"\xFE\xED\xFA\xCE", "MACH-O"}, {"\xFE\xED\xFA\xCF", "MACH-O"},
	{"\xCE\xFA\xED\xFE", "MACH-O"}, {"\xCF\xFA\xED\xFE", "MACH-O"}, {"CWS", "SWF"}, {"FWS", "SWF"}, {"ZWS", "SWF"},
	{"SQLite format 3\x00", "SQLITE"}, {"<?php", "PHP"}, {"<?xml", "XML"}, {"<%@", "ASP"}, {"<%", "JSP"},
	{"\xD4\xC3\xB2\xA1", "PCAP"}, {"\xA1\xB2\xC3\xD4", "PCAP"}, {"\x0A\x0D\x0D\x0A", "PCAPNG"}, {"FILE0", "NTFS MFT"},
	{"@echo off", "BATCH"}, {"@ECHO OFF", "BATCH"},
}

// filetype tells what content is by its first bytes, or "".
func filetype(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.head)) {
			return m.name
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xCA\xFE\xBA\xBE")) && len(head) >= 8:
		// Fat Mach-O counts its parts where a Java class has its version.
		if head[4] == 0 && head[5] == 0 && head[6] == 0 && head[7] < 0x20 {
			return "MACH-O"
		}
		return "CLASS"
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return "TAR"
	case bytes.HasPrefix(head, []byte("#!")):
		return scriptType(head)
	}
	return ""
}

func scriptType(head []byte) string {
	line, _, _ := bytes.Cut(head[:min(len(head), 128)], []byte("\n"))
	for _, s := range []struct{ word, name string }{
		{"python", "Python"}, {"perl", "Perl"}, {"php", "PHP"}, {"ruby", "Ruby"}, {"pwsh", "PowerShell"}, {"sh", "Shell"},
	} {
		if bytes.Contains(line, []byte(s.word)) {
			return s.name
		}
	}
	return "UNIX SCRIPT"
}
