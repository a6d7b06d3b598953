package rules

import (
	"testing"

	"github.com/hozen-dfir/hozen/collect"
)

// triagedLinux are files of hosts of several families that the triage profile must
// take, among them those that lie where a pattern one folder short would miss
// them.
var triagedLinux = []string{
	"etc/shadow", "etc/group", "etc/sudoers.d/x", "etc/pam.d/sshd", "etc/security/limits.d/x.conf",
	"etc/ssh/sshd_config.d/x.conf", "root/.ssh/authorized_keys", "root/.ssh/keys/old/id_ed25519", "home/u/.bash_history", "home/u/.zsh_history",
	"home/u/.profile", "etc/profile.d/x.sh", "etc/cron.d/x", "var/spool/cron/root", "var/spool/cron/crontabs/u", "var/spool/cron/atjobs/a01",
	"etc/systemd/system/x.timer", "lib/systemd/system/x.service", "usr/lib/systemd/system/x.service.d/y.conf", "usr/lib/systemd/system-generators/x",
	"usr/lib/systemd/system-sleep/x", "home/u/.config/systemd/user/x.service", "etc/init.d/x", "etc/rc.d/rc3.d/S99x", "etc/ld.so.preload",
	"etc/modprobe.d/x.conf", "etc/modules-load.d/x.conf", "lib/modules/6.1/extra/x.ko", "var/lib/dpkg/status", "var/lib/rpm/rpmdb.sqlite",
	"etc/fstab", "etc/netplan/x.yaml", "etc/sysconfig/network-scripts/ifcfg-eth0", "etc/hosts", "etc/resolv.conf", "etc/nftables.conf", "etc/iptables/rules.v4",
	"etc/nginx/sites-enabled/x", "etc/apache2/sites-enabled/x.conf", "var/log/nginx/access.log.2.gz", "var/log/httpd/access_log-20260101",
	"etc/mysql/mariadb.conf.d/x.cnf", "var/log/mysql/error.log.1", "var/log/postgresql/postgresql-15-main.log", "var/log/auth.log.1", "var/log/secure-20260101",
	"var/log/messages-20260101", "var/log/mail", "var/log/yum.log-20260101", "var/log/app/x.log-20260101.gz", "var/log/journal/m/system.journal",
	"run/log/journal/m/system.journal", "var/log/audit/audit.log.1", "etc/audit/rules.d/x.rules", "var/log/wtmp.1", "var/log/btmp-20260101", "var/log/lastlog",
	"run/utmp", "tmp/1/2/3/4/5/6/7/8/9/x", "var/tmp/x", "dev/shm/x", "var/www/shell.php", "var/www/html/up/shell.php", "usr/share/nginx/shell.php", "opt/app/webapps/shell.jsp",
	"var/lib/tomcat9/webapps/ROOT/shell.jsp",
	"root/.config/google-chrome/Default/History", "root/.config/BraveSoftware/Brave-Browser/Default/History", "root/.config/opera/History",
	"root/.config/chromium/Default/History-journal", "root/.config/chromium/Default/Network/Cookies", "root/snap/chromium/common/chromium/Default/Cookies",
	"root/.var/app/com.google.Chrome/config/google-chrome/Default/History", "root/.mozilla/firefox/p/places.sqlite",
	"root/.mozilla/firefox/p/sessionstore-backups/recovery.jsonlz4", "root/snap/firefox/common/.mozilla/firefox/p/logins.json",
	"root/.var/app/org.mozilla.firefox/.mozilla/firefox/p/places.sqlite", "root/.librewolf/p/places.sqlite", "root/.thunderbird/p/prefs.js",
	"var/lib/docker/containers/c/config.v2.json", "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db",
	"home/u/.local/share/containers/storage/overlay-containers/containers.json", "var/lib/cloud/instances/i/user-data.txt",
	"var/lib/cloud/instances/i/scripts/part-001", "etc/cloud/cloud.cfg.d/x.cfg",
	"etc/periodic/15min/x", "etc/crontabs/root", "var/spool/incron/root", "etc/local.d/x.start", "etc/runlevels/default/x", "etc/sv/x/log/run",
	"etc/runit/1", "etc/doas.d/x.conf", "etc/dropbear/authorized_keys", "etc/ld-musl-x86_64.path", "usr/lib/udev/rules.d/99-x.rules", "etc/tmpfiles.d/x.conf",
	"etc/kernel/postinst.d/x", "usr/lib/systemd/system-environment-generators/x", "home/u/.config/environment.d/x.conf", "usr/lib/sysctl.d/99-x.conf",
	"home/u/.local/share/docker/containers/c/config.v2.json", "var/lib/docker/containers/c/local-logs/container.log", "var/log/remote/a/b/x",
}

func TestTriageOfLinux(t *testing.T) {
	files := each(triagedLinux)
	files["etc/passwd"] = "root:x:0:0::/root:/bin/sh\n"
	triaged(t, collect.Linux, files, 60)
}
