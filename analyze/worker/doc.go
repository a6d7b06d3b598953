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
// Which item is to blame is never in doubt. Answers come in batches, so that
// the death of a worker leaves several items without one: each of them is then
// tried alone, one after the other. An item that kills a worker that had
// examined others before is tried once more in a fresh process, so that its
// fate depends on nothing but itself. Of a worker that is not done in time the
// first item without an answer is to blame: those before it were answered at
// once.
//
// The analyzers of an item share its time. Content derived from it gets an
// eighth of what is left for each piece and analyzer, and an analyzer that was
// not done with three pieces gets no more of them.
//
// Memory: a worker is killed beyond Options.Memory. The parent holds per worker
// at most depth items of inlineLimit bytes and MaxNeed blocks, about 16 MiB.
package worker
