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
        $command = /command="[^\n]{0,200}((curl|wget)[ \t][^\n]{1,200}\||\/dev\/(tcp|udp)\/|[ \t\/;|&"'](nc|ncat)[ \t][^\n]{0,60}-e[ \t]|base64[ \t]+(-d|--decode)|\/(tmp|var\/tmp|dev\/shm)\/)/
        $env = /environment="LD_PRELOAD=/
    condition:
        filesize < 1MB and filename matches /^authorized_keys2?$/ and any of them
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
        description = "The ssh server takes keys from, or runs a key command in, a temporary or hidden folder"
        author = "hozen"
        date = "2026-11-23"
        severity = "critical"
    strings:
        $keys = /\n[ \t]*(AuthorizedKeysFile|AuthorizedKeysCommand|AuthorizedPrincipalsCommand|TrustedUserCAKeys)[ \t=]+"?([^\n#]{0,100}[ \t])?\/((tmp|var\/tmp|dev\/shm)\/|([^ \t\n%]+\/)*\.[^ \t\n\/.s])/ nocase
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
        $net = /(curl|wget)[ \t][^\n]{1,300}\|[ \t]*(ba|da|z)?sh|\/dev\/(tcp|udp)\/|(^|[ \t\/;|&\n])(nc|ncat)[ \t][^\n]{0,60}-e[ \t]|\/(tmp|var\/tmp|dev\/shm)\/[^ \t\n]/
    condition:
        filesize < 256KB and (filename == "sshrc" or filepath matches /\/\.ssh\/rc$/) and $net
}
