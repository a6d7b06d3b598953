//go:build !linux

package worker_test

const inParent = "HOZEN_TEST_PARENT"

func parent() {}
