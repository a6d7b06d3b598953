//go:build !cgo

package yara

import (
	"context"
	"errors"
	"testing"
)

func TestWithoutYARA(t *testing.T) {
	if _, _, err := Compile(context.Background(), nil); !errors.Is(err, ErrNoYARA) {
		t.Errorf("Compile: %v", err)
	}
	if _, err := New(nil, Options{}); !errors.Is(err, ErrNoYARA) {
		t.Errorf("New: %v", err)
	}
	if Available() || Version() != "" {
		t.Error("claims to have YARA")
	}
}
