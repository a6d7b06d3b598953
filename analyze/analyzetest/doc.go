// Package analyzetest is for tests of analyzers and of the engine: subjects
// made from bytes, a suite that every analyzer passes, and analyzers that find
// simple things or behave as badly as evidence can make them.
package analyzetest
