/*
   Starter rules: what ran while the host was collected. They look at the
   command lines in hozen's own list of processes, one JSON object a line.
*/

private rule hozen_process_list
{
    condition:
        filename == "processes.jsonl" and filesize < 1024MB
}

rule hozen_process_shell_on_network : reverse_shell process
{
    meta:
        description = "A process that was running ties a shell to a network connection"
        author = "hozen"
        date = "2026-11-28"
        severity = "critical"
    strings:
        $tcp = /"args":\["[^\n\]]{0,600}sh[ \t]+-i[^\n\]]{1,60}\/dev\/(tcp|udp)\/[^\/" ]{1,253}\/[0-9]{1,5}/
        $netcat = /"args":\["([^"\n]{0,200}\/)?(nc|ncat|netcat)(\.traditional|\.openbsd)?"(,"[^"\n]{0,100}"){0,12},"(-[a-z]*[ec]|--exec|--sh-exec)","(\/(usr\/)?bin\/)?(ba|da|z|k|a)?sh[" ]/
        $busybox = /"args":\["([^"\n]{0,200}\/)?busybox","nc"(,"[^"\n]{0,100}"){0,12},"-[a-z]*e","(\/(usr\/)?bin\/)?(ba|da|z|k|a)?sh[" ]/
        $socat = /"args":\["([^"\n]{0,200}\/)?socat"(,"[^"\n]{0,200}"){0,6},"(exec|system):['"\\]{0,2}(\/(usr\/)?bin\/)?(ba|da|z|k|a)?sh['", ]/ nocase
        $python = /"args":\["[^\n\]]{0,200}python[^\n\]]{0,200}socket[^\n]{1,300}\.connect\([^\n]{1,300}(dup2|fileno)/
    condition:
        hozen_process_list and any of them
}

rule hozen_process_mines : miner process
{
    meta:
        description = "A process that was running mines cryptocurrency"
        author = "hozen"
        date = "2026-11-28"
        severity = "high"
    strings:
        $pool = /"args":\["[^\n\]]{0,600}stratum(\+|2\+)?(tcp|ssl|tls)?:\/\//
        $donate = /"args":\["[^\n\]]{0,600}"--donate-level["=]/
        $algorithm = /"args":\["[^\n\]]{0,600}"(-a|--algo|--coin)["=][,"]{0,2}(rx\/|cn\/|randomx|monero|kawpow|ghostrider)/
        $name = /"args":\["([^"\n]{0,200}\/)?(xmrig|xmr-stak|minerd|ccminer|kdevtmpfsi|kinsing)"/
    condition:
        hozen_process_list and any of them
}

rule hozen_process_feeds_interpreter : execution process
{
    meta:
        description = "A process that was running downloads or decodes what an interpreter runs"
        author = "hozen"
        date = "2026-11-28"
        severity = "high"
    strings:
        $pipe = /"args":\["([^"\n]{0,100}\/)?(ba|da|z|k|a)?sh","-[a-z]*c","[^\n\]]{0,300}((curl|wget)[ \t][^\n\]|]{1,400}|base64[ \t]+(-d|-D|--decode)[^\n\]|]{0,200})\|[ \t]*(\/(usr\/)?bin\/)?((ba|da|z|k|a)?sh|python[0-9.]*|perl)[" ;\\]/
    condition:
        hozen_process_list and any of them
}
