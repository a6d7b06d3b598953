//go:build race

package worker_test

// raceDetector: its runtime takes memory and ends processes in its own way.
const raceDetector = true
