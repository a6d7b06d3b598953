package run

import "golang.org/x/sys/windows"

func missingRights() []Right {
	if windows.GetCurrentProcessToken().IsElevated() {
		return nil
	}
	return []Right{{"elevation", "files of the system and of other users can't be read"}}
}

// free says how much room there is at a folder.
func free(dir string) (bytes, files int64, kind string) {
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
