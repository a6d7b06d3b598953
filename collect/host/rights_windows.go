package host

import "golang.org/x/sys/windows"

// MissingRights lists what this process lacks that a collection is incomplete
// without.
func MissingRights() []Right {
	if windows.GetCurrentProcessToken().IsElevated() {
		return nil
	}
	return []Right{{"elevation", "files of the system and of other users can't be read"}}
}

// Free says how much room there is at a folder, in bytes and in files that can
// still be made, and the kind of filesystem; -1 and "" where not known.
func Free(dir string) (bytes, files int64, kind string) {
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return -1, -1, ""
	}
	var avail, total, all uint64
	if windows.GetDiskFreeSpaceEx(p, &avail, &total, &all) != nil {
		return -1, -1, ""
	}
	return int64(avail), -1, ""
}
