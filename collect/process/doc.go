// Package process is the built-in artifact "hozen.processes": the processes of
// the running Linux host, read from /proc alone.
//
// Its items belong to the live source and are of type stream:
//
//	/processes/processes.jsonl   one Process a line, by process id
//	/processes/files.jsonl       one File a line: the open files of all processes
//	/processes/<pid>/environ     the environment's raw bytes, NUL-separated, 256 KiB at most
//	/processes/<pid>/maps        the memory map as the kernel prints it, 16 MiB at most
//	/processes/<pid>/exe         the executable itself, where its file was deleted or never had a name
//	/processes/<pid>             outcome denied or failed: what of this process could not be read
//
// What was deleted, unmounted or covered by another mount, so that no path leads
// to it any more, is recovered once for each file; processes that share it point
// to the same item. A process that ends while it is read is kept with
// what was had and "ended" set, and is no gap. One whose first thread has ended
// is read through another of its threads, and one whose folder in /proc lies
// under a mount through a /proc that is mounted nowhere. Observations:
// deleted-executable, preload-environment, hidden-process, covered-process,
// first-thread-ended, kernel-thread-name.
package process
