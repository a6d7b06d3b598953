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
        $redirect = /sh[ \t]+-i[ \t]*[0-9]?(>|<|>&|&>)[&>< \t0-9]*\/dev\/(tcp|udp)\/[a-zA-Z0-9.:_-]{1,253}\/[0-9]{1,5}/
        $descriptor = /exec[ \t]+[0-9]{1,3}<>[ \t]*\/dev\/(tcp|udp)\/[a-zA-Z0-9.:_-]{1,253}\/[0-9]{1,5}[^\n]{0,20}[;&\n][^\n]{0,120}(sh[ \t]+[^\n]{0,10}<&|cat[ \t]*<&|while[ \t]+read)/
    condition:
        hozen_text_of_commands and any of them
}

rule hozen_netcat_serves_a_shell : reverse_shell
{
    meta:
        description = "netcat hands a shell to whoever is at the other end"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $exec = /(^|[ \t\n;&|\/'"])(nc|ncat|netcat)(\.traditional|\.openbsd)?[ \t][^\n]{0,120}(-[a-z]*[ec]|--exec|--sh-exec)[ \t='"]+(\/(usr\/)?bin\/)?(ba|da|z|k)?sh([ \t\n'";&|]|$)/
        $fifo = /mkfifo[ \t]+[^ \t\n;&]{1,100}[ \t]*(;|&&)[^\n]{0,160}sh[ \t]+-i[^\n]{0,80}(nc|ncat|netcat|telnet|openssl)[ \t]/
    condition:
        any of them and
        (hozen_history_file or hozen_text_of_commands and
         (filepath contains "/cron" or filepath contains "/tmp/" or filepath contains "/dev/shm/" or filepath contains "/systemd/" or filename == "rc.local" or
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
    condition:
        hozen_text_of_commands and filesize < 64KB and $spawn and ($line or #dup > 1)
}

rule hozen_perl_php_ruby_reverse_shell : reverse_shell
{
    meta:
        description = "One line of Perl, PHP or Ruby ties a shell to a socket"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $perl = /socket\([A-Z]+,[ \t]*PF_INET[^\n]{1,200}open\(STDIN,["']>&[A-Z]+["']\)[^\n]{1,200}exec[ \t({]*["']\/bin\/(ba)?sh/
        $php = /fsockopen\([^)\n]{1,120}\);[^\n]{0,40}(exec|shell_exec|system|passthru|popen|proc_open)\([ \t]*["'](\/bin\/)?(ba)?sh -i/
        $ruby = /TCPSocket\.(open|new)\([^)\n]{1,120}\)[^\n]{0,60}exec[ \t]+sprintf\(["']\/bin\/(ba)?sh -i/
        $socat = /socat[ \t][^\n]{0,160}exec:["']?[^\n]{0,20}(ba|da)?sh[ \t'"]*(-[a-z]+)?[^\n]{0,10},pty/ nocase
    condition:
        hozen_text_of_commands and any of them
}

rule hozen_history_download_and_run : execution
{
    meta:
        description = "Somebody downloaded a file, made it executable and ran it, in one line"
        author = "hozen"
        date = "2026-11-23"
        severity = "medium"
    strings:
        $line = /(wget|curl|tftp|ftpget)[ \t][^\n]{1,300}(;|&&|\|\|)[ \t]*chmod[ \t]+(\+x|a\+x|u\+x|[0-7]{0,1}7[0-7]{2})[ \t]+[^\n;&]{1,120}(;|&&)[ \t]*(nohup[ \t]+|sh[ \t]+|bash[ \t]+)?(\.\/|\/tmp\/|\/var\/tmp\/|\/dev\/shm\/)/
    condition:
        $line and (hozen_history_file or hozen_text_of_commands and (filepath contains "/cron" or filepath contains "/tmp/" or filepath contains "/dev/shm/"))
}

rule hozen_history_erased : anti_forensics
{
    meta:
        description = "A history or startup file switches the history off or erases logs"
        author = "hozen"
        date = "2026-11-23"
        severity = "medium"
    strings:
        $off = /(^|[\n;& \t])(unset[ \t]+HISTFILE|export[ \t]+HISTFILE=\/dev\/null|HISTFILE=\/dev\/null|HISTSIZE=0([ \t\n;]|$)|set[ \t]+\+o[ \t]+history)/
        $link = /ln[ \t]+-s[f]?[ \t]+\/dev\/null[ \t]+[^\n ;]{0,80}\.[a-z]{2,5}_history/
        $logs = /(rm[ \t]+-[rf]+[ \t]+|cat[ \t]+\/dev\/null[ \t]*>[ \t]*|echo[ \t]+["']{0,2}[ \t]*>[ \t]*|shred[ \t]+-[a-z]+[ \t]+|truncate[ \t]+-s[ \t]*0[ \t]+)\/var\/log\/(wtmp|btmp|lastlog|auth\.log|secure|messages|syslog|\*)/
    condition:
        any of them and
        (hozen_history_file or filename matches /^\.?(bash_profile|bashrc|bash_login|profile|zshrc|bash_logout)$/ and filesize < 1MB)
}
