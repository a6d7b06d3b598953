// Package worker runs analyzers in processes of their own: the same binary,
// started again. recover does not catch a stack overflow, a crash in C or a
// kernel's refusal of memory; a process that dies costs one item and is
// replaced.
//
// Pool is the parent's side, Main the worker's. A worker gets an item's record
// and its stored bytes over a pipe, decodes them itself, and answers with
// findings. It can open no file, reach no network and start no program where
// the system can enforce that (package guard).
//
// Which item is to blame is never in doubt: a worker examines items in the
// order in which it gets them and writes each answer before it begins the next.
// An item that killed a worker that had examined others before is tried once
// more in a fresh process, so that its fate depends on nothing but itself.
//
// Memory: a worker is killed beyond Options.Memory. The parent holds per worker
// at most depth items of inlineLimit bytes and MaxNeed blocks, about 10 MiB.
package worker
