// Package house keeps the rules of the house as tests: which package may
// import which, what every package must have, and what none may do. It holds
// no code that a program uses.
package house
