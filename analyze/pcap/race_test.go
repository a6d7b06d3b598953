//go:build race

package pcap

// raceDetector multiplies memory: bounds on it mean nothing then.
const raceDetector = true
