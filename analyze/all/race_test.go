//go:build race

package all_test

// raceDetector: its runtime takes memory and ends processes in its own way.
const raceDetector = true
