//go:build race

package ioc

// raceDetector multiplies memory: bounds on it mean nothing then.
const raceDetector = true
