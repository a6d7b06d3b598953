//go:build !linux

package clitest

import (
	"errors"
	"os"
	"path/filepath"
)

func systemCommands() map[string]command { return nil }

func condition(cond string) (bool, error) {
	switch cond {
	case "root":
		return false, nil
	case "s3":
		return GatewayProgram() != "", nil
	case "images": // those that scripts/fixtures makes
		_, err := os.Stat(filepath.Join(cacheDir(), "fixtures", "ntfs.raw"))
		return err == nil, nil
	case "corpus":
		_, err := os.Stat(filepath.Join(repository(), "..", "shared", "corpus", "pcap"))
		return err == nil, nil
	}
	return false, errors.New("unknown condition")
}
