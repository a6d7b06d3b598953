//go:build !linux

package clitest

import "errors"

func systemCommands() map[string]command { return nil }

func condition(cond string) (bool, error) {
	switch cond {
	case "root":
		return false, nil
	case "s3":
		return GatewayProgram() != "", nil
	}
	return false, errors.New("unknown condition")
}
