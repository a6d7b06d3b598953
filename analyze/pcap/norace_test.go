//go:build !race

package pcap

const raceDetector = false
