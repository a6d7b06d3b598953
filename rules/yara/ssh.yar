/*
   Starter rules: ways to keep a key to the house.
*/

rule hozen_ssh_key_with_hostile_command : persistence ssh
{
    meta:
        description = "A key in authorized_keys runs a download, a reverse shell or a program in a temporary folder"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $command = /command="[^\n]{0,200}((curl|wget)[ \t][^\n]{1,200}\||(\$\(|`|<\()[ \t]*(curl|wget)[ \t]|\/dev\/(tcp|udp)\/|[ \t\/;|&"'](nc|ncat)[ \t][^\n]{0,60}-e[ \t]|base64[ \t]+(-d|--decode)|\/(tmp|var\/tmp|dev\/shm)\/)/ nocase
        $env = /environment="LD_(PRELOAD|AUDIT)=/ nocase
    condition:
        filesize < 1MB and (filename matches /^authorized_keys/ or filepath matches /\/etc\/ssh\/[^\n]*keys/) and any of them
}

rule hozen_ssh_key_written_by_a_database : persistence ssh
{
    meta:
        description = "A dump of a database server holds an ssh key on a line of its own, as an attack on authorized_keys writes it"
        author = "hozen"
        date = "2026-11-23"
        severity = "critical"
    strings:
        $key = /\n(ssh-(rsa|ed25519|dss)|ecdsa-sha2-nistp(256|384|521)) AAAA[a-zA-Z0-9+\/]{20}/
        $cron = /\n[ \t]*([0-9*,\/-]+[ \t]+){5}[^\n]{0,80}(curl|wget|\/dev\/tcp\/)/
    condition:
        filesize < 16MB and uint32be(0) == 0x52454449 and uint8(4) == 0x53 and any of them
}

rule hozen_ssh_server_reads_keys_from_odd_place : persistence ssh
{
    meta:
        description = "The ssh server takes keys from, or runs a command in, a temporary or hidden folder"
        author = "hozen"
        date = "2026-11-23"
        severity = "critical"
    strings:
        $keys = /(^|\n)[ \t]*(AuthorizedKeysFile|AuthorizedKeysCommand|AuthorizedPrincipalsCommand|TrustedUserCAKeys|ForceCommand|Subsystem)[ \t=]+"?([^\n#]{0,100}[ \t])?\/((tmp|var\/tmp|dev\/shm)\/|([^ \t\n%]+\/)*\.([^ \t\n\/.s]|s[^s\n]|ss[^h\n]|ssh[^\/\n]))/ nocase
    condition:
        filesize < 256KB and (filename == "sshd_config" or filepath contains "/sshd_config.d/") and $keys
}

rule hozen_ssh_login_script_with_network_command : persistence ssh
{
    meta:
        description = "A script that ssh runs at each login downloads something or opens a connection"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $net = /(curl|wget)[ \t][^\n]{1,300}\|[ \t]*(ba|da|z)?sh|(\$\(|`|<\()[ \t]*(curl|wget)[ \t]|\/dev\/(tcp|udp)\/|(^|[ \t\/;|&\n])(nc|ncat)[ \t][^\n]{0,60}-e[ \t]|\/(tmp|var\/tmp|dev\/shm)\/[^ \t\n]/
    condition:
        filesize < 256KB and (filename == "sshrc" or filepath matches /\/\.ssh\/rc$/) and $net
}

rule hozen_ssh_key_of_a_known_campaign : persistence ssh
{
    meta:
        description = "authorized_keys holds a key whose comment is that of a campaign against ssh servers"
        author = "hozen"
        date = "2026-11-28"
        severity = "critical"
    strings:
        $comment = /[ \t]mdrfckr[ \t\r\n]/
    condition:
        filesize < 1MB and filename matches /^authorized_keys/ and $comment
}

rule hozen_ssh_client_runs_hostile_command : persistence ssh
{
    meta:
        description = "The configuration of the ssh client runs a program in a temporary folder, or what it downloads"
        author = "hozen"
        date = "2026-11-28"
        severity = "high"
    strings:
        $command = /(ProxyCommand|LocalCommand|KnownHostsCommand|exec)[ \t=]+["']?([^\n]{0,120}[ \t;&|"'])?(\/(tmp|var\/tmp|dev\/shm)\/[^ \t\n]|(curl|wget)[ \t][^\n]{1,300}\|[ \t]*(ba|da|z)?sh)/ nocase
    condition:
        filesize < 256KB and (filename == "ssh_config" or filepath contains "/ssh_config.d/" or filepath matches /\/\.ssh\/config$/) and $command
}
