//go:build race

package guard

// raceDetector: its runtime takes memory and ends processes in its own way.
const raceDetector = true
