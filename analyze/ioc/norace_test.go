//go:build !race

package ioc

const raceDetector = false
