package live

import (
	"strings"
	"testing"
)

const someMounts = `1 0 254:0 / / rw - ext4 /dev/vda rw
2 1 0:21 / /proc rw shared:5 master:1 - proc proc rw
3 1 0:30 / /mnt/a\040b rw - nfs4 server:/x rw
4 1 254:0 /srv /mnt/bind rw - ext4 /dev/vda rw
5 1 8:1 /@home /home rw - btrfs /dev/sda1 rw
6 1 8:1 /@var /var rw - btrfs /dev/sda1 rw
7 1 8:1 /@var /srv/var2 rw - btrfs /dev/sda1 rw
8 1 7:3 / /snap/core rw - squashfs /dev/loop3 ro
9 1 0:40 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
10 1 0:41 / /run/user/0/gvfs rw - fuse.gvfsd-fuse gvfs rw
11 1 8:2 / /data rw - ext4 /dev/sda2 rw
12 1 0:42 / /dev/shm rw - tmpfs tmpfs rw
13 1 0:43 / /auto rw - autofs systemd-1 rw
17 1 0:44 / /proc/sys/fs/binfmt_misc rw shared:9 - autofs systemd-1 rw,fd=29,pgrp=1,timeout=0,minproto=5,maxproto=5,direct,pipe_ino=1
18 1 0:45 / /net rw - autofs auto.net rw,fd=30,indirect
14 1 8:3 / /win rw - fuseblk /dev/sda3 rw
not a line
15 1 8:9
16 1 8:2 / /data2 rw - ext4 /dev/sda2 rw
`

func TestCrossings(t *testing.T) {
	all := parseMounts(strings.NewReader(someMounts))
	got := map[string]string{}
	for i, m := range all {
		got[m.point] = crossing(all, i)
	}
	want := map[string]string{
		"/": "", "/proc": "pseudo filesystem proc", "/mnt/a b": "network mount nfs4",
		"/mnt/bind": "loop: also at /", "/home": "", "/var": "", "/srv/var2": "loop: also at /var",
		"/snap/core": "loop mount squashfs", "/var/lib/docker/overlay2/x/merged": "merged view overlay",
		"/run/user/0/gvfs": "FUSE mount fuse.gvfsd-fuse", "/data": "", "/dev/shm": "", "/win": "",
		"/auto": "automount point autofs", "/net": "automount point autofs",
		"/proc/sys/fs/binfmt_misc": "direct automount point autofs", "/data2": "loop: also at /data",
	}
	for p, w := range want {
		if g, ok := got[p]; !ok || g != w {
			t.Errorf("%s: %q, want %q", p, g, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d mounts, want %d", len(got), len(want))
	}
	part := below(all, "/mnt")
	if len(part) != 2 || part[0].point != "/a b" || part[1].point != "/bind" || crossing(part, 1) != "" {
		t.Errorf("below /mnt: %+v", part)
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{`a\040b`: "a b", `\134`: `\`, `\9`: `\9`, `x\01`: `x\01`, `\377`: "\xff"} {
		if got := unescape(in); got != want {
			t.Errorf("%s: %q", in, got)
		}
	}
}

// TestWhatAMountHides has bind mounts as the only way to what another mount
// lies over: to call them a second view would leave that out.
func TestWhatAMountHides(t *testing.T) {
	all := parseMounts(strings.NewReader(`1 0 254:0 / / rw - ext4 /dev/vda rw
2 1 0:30 / /var rw - tmpfs tmpfs rw
3 1 254:0 /var /mnt/oldvar rw - ext4 /dev/vda rw
4 1 254:0 /var/log /mnt/oldlog rw - ext4 /dev/vda rw
5 1 254:0 /srv /mnt/srv rw - ext4 /dev/vda rw
6 1 8:1 / /data rw - ext4 /dev/sda1 rw
7 6 0:31 / /data/sub rw - tmpfs tmpfs rw
8 1 8:1 /sub/x /mnt/x rw - ext4 /dev/sda1 rw
9 1 8:1 /other /mnt/other rw - ext4 /dev/sda1 rw
10 1 8:1 /other /data rw - ext4 /dev/sda1 rw
`))
	want := map[string]string{"/": "", "/var": "", "/mnt/oldvar": "", "/mnt/oldlog": "loop: also at /mnt/oldvar", "/mnt/srv": "loop: also at /",
		"/data/sub": "", "/mnt/x": "", "/mnt/other": ""}
	for i, m := range all {
		if w, ok := want[m.point]; ok && crossing(all, i) != w {
			t.Errorf("%s: %q, want %q", m.point, crossing(all, i), w)
		}
	}
}
