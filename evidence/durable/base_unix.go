//go:build unix

package durable

import "path"

func base(name string) string { return path.Base(name) }
