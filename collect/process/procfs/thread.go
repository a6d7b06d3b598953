package procfs

import "strconv"

// maxThreads bounds the threads of a process that are looked at for one that
// still runs.
const maxThreads = 4096

// Over reports whether the process, or its first thread, has ended.
func (s Stat) Over() bool { return s.State == "Z" || s.State == "X" }

// Folder names the folder that shows a process: its own, or that of the thread
// it returns. A process whose first thread has ended runs on in the others, and
// the kernel shows neither memory nor files of it under its own id: whoever
// reads there only takes it for a zombie.
func (f FS) Folder(pid int) (dir string, thread int) {
	own := strconv.Itoa(pid)
	if s, err := f.stat(own); err != nil || !s.Over() || s.Threads < 2 {
		return own, 0
	}
	tids, _, _ := f.Numbers(own+"/task", maxThreads)
	for _, tid := range tids {
		dir := own + "/task/" + strconv.Itoa(tid)
		if s, err := f.stat(dir); err == nil && !s.Over() {
			return dir, tid
		}
	}
	return own, 0
}

func (f FS) stat(dir string) (Stat, error) {
	b, _, err := f.Read(dir+"/stat", MaxSmall)
	if err != nil {
		return Stat{}, err
	}
	return ParseStat(b)
}

// Stat reads the stat file of a process.
func (f FS) Stat(pid int) (Stat, error) { return f.stat(strconv.Itoa(pid)) }
