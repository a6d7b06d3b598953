/*
   Starter rules: reverse shells and their traces in shell histories, cron
   files, scripts and temporary folders. Programs (ELF, PE) are left out: they
   hold such text for other reasons, security tools above all.
*/

private rule hozen_text_of_commands
{
    condition:
        filesize < 2MB and uint32(0) != 0x464c457f and uint16(0) != 0x5a4d
}

private rule hozen_history_file
{
    condition:
        filesize < 16MB and filename matches /(^|[._])((ba|z|k|a|tc)?sh|fish|python|mysql|psql|node_repl)?_?hist(ory|file)$/
}

rule hozen_shell_over_dev_tcp : reverse_shell
{
    meta:
        description = "An interactive shell is tied to a network connection by bash itself"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $redirect = /(^|[ \t\n;&|("'`\/])(ba|da|z|k|c)?sh([ \t]+-[a-z]+)*[ \t]*[0-9]{0,3}(>|<|>&|&>)[&>< \t0-9]*\/dev\/(tcp|udp)\/[a-zA-Z0-9.:_${}-]{1,253}\/[a-zA-Z0-9_${}]{1,40}/
        $descriptor = /exec[ \t]+[0-9]{1,3}<>[ \t]*\/dev\/(tcp|udp)\/[a-zA-Z0-9.:_${}-]{1,253}\/[a-zA-Z0-9_${}]{1,40}[^\n]{0,20}[;&\n][^\n]{0,120}(sh[ \t]+[^\n]{0,10}<&|cat[ \t]*<&|while[ \t]+read)/
        $ztcp = /ztcp[ \t]+[^\n]{1,100}zsh[ \t]*>&[ \t]*\$REPLY/
    condition:
        hozen_text_of_commands and any of them
}

rule hozen_netcat_serves_a_shell : reverse_shell
{
    meta:
        description = "netcat, telnet, socat or their like hand a shell to whoever is at the other end"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $exec = /(^|[ \t\n;&|\/'"])(nc|ncat|netcat)(\.traditional|\.openbsd)?[ \t][^\n]{0,120}(-[a-z]*[ec]|--exec|--sh-exec)[ \t='"]+(\/(usr\/)?bin\/)?(ba|da|z|k)?sh([ \t\n'";&|]|$)/
        $fifo = /mk(fifo|nod)[ \t]+[^\n]{1,200}[\/ \t|](ba|da|z|k|a)?sh[ \t][^\n]{0,120}\|[ \t]*(\/[a-z\/]{1,20}\/)?(nc|ncat|netcat|telnet|openssl|socat)[ \t]/
        $fifo2 = /mk(fifo|nod)[ \t]+[^\n]{1,200}(nc|ncat|netcat|telnet|openssl|socat)[ \t][^\n]{0,160}\|[ \t]*(\/(usr\/)?bin\/)?(ba|da|z|k|a)?sh([ \t\n;&|"']|$)/
        $piped = /(nc|ncat|netcat|telnet)[ \t]+(-[a-z]+[ \t]+){0,3}[a-zA-Z0-9.:_${}-]{1,253}[ \t]+[0-9]{2,5}[ \t]*\|[ \t]*(\/(usr\/)?bin\/)?(ba|da|z|k|a)?sh([ \t\n;&|"']|$)/
        $piped2 = /(^|[ \t\n;&\/])(ba|da|z|k|a)?sh[ \t]*(-i[ \t]*)?(2>&1[ \t]*)?\|[ \t]*(nc|ncat|netcat|telnet)[ \t]+(-[a-z]+[ \t]+){0,3}[a-zA-Z0-9.:_${}-]{1,253}[ \t]+[0-9]{2,5}/
        $curl = /curl[ \t][^\n]{0,60}telnet:\/\/[^\n]{1,200}\|[ \t]*(\/(usr\/)?bin\/)?(ba|da|z|k|a)?sh([ \t\n;&|"']|$)/
        $socat = /socat[ \t][^\n]{0,200}(exec|system):["']?(\/(usr\/)?bin\/)?(ba|da|z|k|a)?sh([ \t\n'",]|$)/ nocase
    condition:
        any of them and
        (hozen_history_file or hozen_text_of_commands and
         (filepath contains "/cron" or filepath contains "/tmp/" or filepath contains "/dev/shm/" or filepath contains "/etc/" or filepath contains "/var/" or filepath contains "/run/" or
          filepath contains "/opt/" or filepath contains "/srv/" or filepath contains "/usr/local/" or
          filepath contains "/home/" or filepath contains "/root/" or filepath contains "/www/"))
}

rule hozen_python_reverse_shell : reverse_shell
{
    meta:
        description = "Python ties a shell to a socket in a few lines"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $line = /socket\.socket\([^\n]{0,60}\)[;\n][^;]{0,80}\.connect\(\([^\n]{1,80}\)\)[;\n][ \t]*(\[?os\.dup2|for [a-z]+ in )/
        $dup = /os\.dup2\([a-z_]{1,20}\.fileno\(\)/
        $spawn = /(pty\.spawn|subprocess\.(call|Popen|run)|os\.(system|execl|execv))\([ \t]*\[?["'](\/(usr\/)?bin\/)?(ba|da|z)?sh["']/
        $aliased = /["']socket["']\)[^\n]{1,200}\.connect\(\([^\n]{1,300}\.fileno[^\n]{1,300}["'](\/(usr\/)?bin\/)?(ba|da|z)?sh["']/
    condition:
        hozen_text_of_commands and filesize < 64KB and ($spawn and ($line or #dup > 1) or $aliased)
}

rule hozen_perl_php_ruby_reverse_shell : reverse_shell
{
    meta:
        description = "One line of Perl, PHP, Ruby or another language ties a shell to a socket"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $perl = /socket\([A-Z]+,[ \t]*PF_INET[^\n]{1,200}open\(STDIN,["']>&[A-Z]+["']\)[^\n]{1,200}exec[ \t({]*["'](\/bin\/)?(ba|da|z)?sh/
        $perl_io = /IO::Socket::INET[^\n]{1,120}STDIN->fdopen\([^\n]{1,120}(system|exec)/
        $php = /fsockopen\([^)\n]{1,120}\);[^\n]{0,60}((exec|shell_exec|system|passthru|popen|proc_open)\([ \t]*["']|`)(\/bin\/)?(ba|da|z)?sh[ \t"'`]/
        $ruby = /TCPSocket\.(open|new)\([^)\n]{1,120}\)[^\n]{0,60}exec[ \t]+sprintf\(["']\/bin\/(ba)?sh -i/
        $ruby_line = /ruby[ \t][^\n]{0,40}-rsocket[^\n]{0,200}(spawn\(["'](\/bin\/)?(ba|da|z)?sh["']|IO\.popen\()/
        $lua = /socket\.tcp\(\)[^\n]{1,200}os\.execute\(["'](\/bin\/)?(ba|da|z)?sh/
        $node = /child_process[^\n]{1,200}(spawn|exec)\([ \t]*["'](\/bin\/)?(ba|da|z)?sh["'][^\n]{1,400}\.connect\([^\n]{1,200}\.pipe\([a-z_]{1,20}\.stdin\)/
        $go = /net\.Dial\([^\n]{1,120}exec\.Command\(\\?["'](\/bin\/)?(ba|da|z)?sh\\?["'][^\n]{1,120}\.Stdin[ \t]*=/
        $socat = /socat[ \t][^\n]{0,160}exec:["']?[^\n]{0,20}(ba|da)?sh[ \t'"]*(-[a-z]+)?[^\n]{0,10},pty/ nocase
        $awk = /["']\/inet\/(tcp|udp)\/[0-9]{1,5}\/[^\n]{1,300}\|&[ \t]*getline/
    condition:
        hozen_text_of_commands and any of ($perl, $perl_io, $php, $ruby, $ruby_line, $lua, $node, $go, $socat) or hozen_history_file and $awk
}

rule hozen_history_download_and_run : execution
{
    meta:
        description = "Somebody downloaded a file, made it executable and ran it, in one go"
        author = "hozen"
        date = "2026-11-23"
        severity = "medium"
    strings:
        $line = /(wget|curl|tftp|ftpget)[ \t][^\n]{1,300}(;|&&|\|\|)[ \t]*chmod[ \t]+([ugoa]*\+[rwst]*x[rwxst]*|[0-7]?7[0-7]{2})[ \t]+[^\n;&]{1,120}(;|&&)[ \t]*((nohup|setsid|exec|sudo)[ \t]+){0,2}((ba|da|z|k|a)?sh[ \t]+[^ \t\n-]|\.\/|\/tmp\/|\/var\/tmp\/|\/dev\/shm\/)/
        $lines = /(wget|curl|tftp|ftpget)[ \t][^\n]{1,300}\n(#[0-9]+\n|: [0-9]+:[0-9]+;|- cmd: )?chmod[ \t]+([ugoa]*\+[rwst]*x[rwxst]*|[0-7]?7[0-7]{2})[ \t]+[^\n;&]{1,120}\n(#[0-9]+\n|: [0-9]+:[0-9]+;|- cmd: )?((nohup|setsid|exec|sudo)[ \t]+){0,2}((ba|da|z|k|a)?sh[ \t]+[^ \t\n-]|\.\/|\/tmp\/|\/var\/tmp\/|\/dev\/shm\/)/
    condition:
        ($line or $lines and hozen_history_file) and
        (hozen_history_file or hozen_text_of_commands and (filepath contains "/cron" or filepath contains "/tmp/" or filepath contains "/dev/shm/"))
}

rule hozen_history_unseen_code_to_shell : execution
{
    meta:
        description = "Somebody ran what an address without a name served, or what was encoded, without a look at it"
        author = "hozen"
        date = "2026-11-28"
        severity = "medium"
    strings:
        $pipe = /(curl|wget)[ \t][^\n|]{0,200}[ \t\/"'@][0-9]{1,3}(\.[0-9]{1,3}){3}[:\/ "'][^\n]{0,200}\|&?[ \t(]*((\/usr\/bin\/)?(sudo|env|nohup|setsid|exec|nice|busybox)[ \t]+){0,3}(\/[a-z\/]{1,40}\/)?((ba|da|z|k|c|a)?sh|python[0-9.]*|perl|php|ruby|node)([^a-zA-Z0-9_.\/-]|$)/
        $subst = /(sh[ \t]+(-[a-z]+[ \t]+)?|eval[ \t]+|source[ \t]+)[\\"']{0,3}(\$\(|`|<\()[ \t]*(curl|wget)[ \t][^\n|]{0,200}[ \t\/"'@][0-9]{1,3}(\.[0-9]{1,3}){3}[:\/ "')`]/
        $b64 = /base64[ \t]+(-[a-zA-Z]*[dD][a-z]*|--decode)[^\n]{0,400}\|[ \t(]*((\/usr\/bin\/)?(sudo|env|nohup|setsid|exec|nice|busybox)[ \t]+){0,3}(\/[a-z\/]{1,40}\/)?((ba|da|z|k|c|a)?sh|python[0-9.]*|perl|php|ruby|node)([^a-zA-Z0-9_.\/-]|$)/
        $braces = /\{base64,(-d|-D|--decode)\}[ \t]*\|/
    condition:
        hozen_history_file and any of them
}

rule hozen_history_erased : anti_forensics
{
    meta:
        description = "A history or startup file switches the history off or erases logs"
        author = "hozen"
        date = "2026-11-23"
        severity = "medium"
    strings:
        $off = /(^|[\n;& \t])(unset[ \t]+([A-Z]+[ \t]+){0,4}HISTFILE|export[ \t]+HISTFILE=\/dev\/null|HISTFILE=\/dev\/null|HIST(FILE)?SIZE=0([ \t\n;]|$)|set[ \t]+\+o[ \t]+history|shopt[ \t]+-u?o?[ \t]*-?[uo]+[ \t]+history)/
        $cleared = /(^|[\n;& \t])history[ \t]+-[aw]?c[aw]?([ \t\n;&|]|$)/
        $link = /ln[ \t]+-s[f]?[ \t]+\/dev\/null[ \t]+[^\n ;]{0,80}\.[a-z]{2,7}_history/
        $removed = /(rm|shred|unlink|truncate)[ \t][^\n;&|]{0,80}\.[a-z]{2,7}_history([ \t\n;&]|$)/
        $emptied = /(^|[^>])>[ \t]*[^ \t\n;&|>]{0,80}\.[a-z]{2,7}_history([ \t\n;&]|$)/
        $logs = /(rm[ \t]+-[rf]+[ \t]+|cat[ \t]+\/dev\/null[ \t]*>[ \t]*|echo[ \t]+["']{0,2}[ \t]*>[ \t]*|shred[ \t]+-[a-z]+[ \t]+|truncate[ \t]+-s[ \t]*0[ \t]+)\/var\/log(\/(wtmp|btmp|utmp|lastlog|auth\.log|secure|messages|syslog|\*)|\/?([ \t\n;&]|$))/
        $log_emptied = /(^|[\n;&|][ \t]*|[^>])>[ \t]*\/var\/log\/(wtmp|btmp|utmp|lastlog|auth\.log|secure|messages|syslog)([ \t\n;&]|$)/
    condition:
        any of them and
        (hozen_history_file or filename matches /^\.?(bash_profile|bashrc|bash_login|profile|zshrc|bash_logout)$/ and filesize < 1MB)
}
