// Package list reads lists of indicators of compromise: plain text with one
// indicator a line, `indicator;comment` and `regex;score;exception` files, and
// CSV with a header line. It detects what each line is, understands defanged
// spellings and brings every indicator to one normal form. What it can't read
// it counts and names; no line is dropped in silence.
package list
