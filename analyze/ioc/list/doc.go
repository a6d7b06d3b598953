// Package list reads lists of indicators of compromise: plain text with one
// indicator a line, `indicator;comment`, `indicator;score;comment` and
// `regex;score;exception` files, hosts files, sums as sha256sum writes them,
// and CSV with a header line or without one. It detects what each line is,
// understands defanged spellings and brings every indicator to one normal
// form. What it can't read it counts and names; no line is dropped in silence.
//
// A line that begins as a path does and has signs of a regular expression that
// names of files lack is one, without a word that says so; a path or name with
// stars is a pattern, and becomes one.
//
// A line of several cells (behind tabs, semicolons, commas or bars) under no
// header may hold several indicators. The first cell may be of any kind. Each
// further cell is an indicator if it is, as a whole, a digest, an address, a
// network, a host with its port, a URL, a mail address, or a domain name whose
// top-level domain exists and that doesn't look like a file's name or a
// version. A number behind the first semicolon is a score. The rest of the row
// describes all of its indicators; a cell that looks like an indicator of an
// unknown or broken kind is named as odd.
package list
