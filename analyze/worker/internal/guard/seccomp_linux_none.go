//go:build linux && !amd64 && !arm64

package guard

import "errors"

func filter() error { return errors.New("no filter for this processor") }
