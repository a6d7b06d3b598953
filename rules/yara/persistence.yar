/*
   Starter rules: how intruders keep a Linux host. Each looks only at the files
   that the mechanism reads, by path, so that documentation does not match.
   External variables: filename, filepath (set by hozen for each item).
*/

private rule hozen_cron_file
{
    condition:
        filesize < 1MB and
        (filepath contains "/cron" or filename == "anacrontab" or filename == "crontab")
}

private rule hozen_startup_file
{
    condition:
        filesize < 1MB and
        (filename == "rc.local" or filename == "environment" or filename matches /^\.?(bash_profile|bashrc|bash_login|bash\.bashrc|profile|zshrc|zprofile|zshenv|xprofile|xinitrc)$/ or
         filepath contains "/profile.d/" or filepath contains "/init.d/" or filepath contains "/autostart/")
}

rule hozen_cron_download_to_shell : persistence cron
{
    meta:
        description = "A cron entry downloads something and pipes it into an interpreter"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $pipe = /(curl|wget|fetch|lwp-download)[ \t][^\n|;#]{1,400}\|[ \t]*(sudo[ \t]+|env[ \t]+|nohup[ \t]+)?(\/(usr\/)?bin\/)?(ba|da|z|k|c|a)?sh([ \t\n;&]|$)/
        $script = /(curl|wget|fetch|lwp-download)[ \t][^\n|;#]{1,400}\|[ \t]*(\/(usr\/)?bin\/)?(python[0-9.]*|perl|php|ruby)([ \t\n;&]|$)/
    condition:
        hozen_cron_file and any of them
}

rule hozen_cron_runs_from_temporary_folder : persistence cron
{
    meta:
        description = "A cron entry runs a program from a folder that anyone may write to"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $timed = /([0-9*,\/-]+[ \t]+){5}([a-z_][a-z0-9_-]*[ \t]+)?((ba|da)?sh[ \t]+|nohup[ \t]+|exec[ \t]+|cd[ \t]+)?\/(tmp|var\/tmp|dev\/shm)\/[^ \t\n]/
        $named = /@(reboot|hourly|daily|weekly|monthly)[ \t]+([a-z_][a-z0-9_-]*[ \t]+)?((ba|da)?sh[ \t]+|nohup[ \t]+)?\/(tmp|var\/tmp|dev\/shm)\/[^ \t\n]/
    condition:
        hozen_cron_file and any of them
}

rule hozen_cron_encoded_command : persistence cron
{
    meta:
        description = "A cron entry decodes a command and runs it"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $b64 = /base64[ \t]+(-d|-D|--decode)[^\n]{0,80}\|[ \t]*(\/(usr\/)?bin\/)?((ba|da|z|k)?sh|python[0-9.]*|perl)([ \t\n;&]|$)/
        $xxd = /xxd[ \t]+-r[^\n]{0,80}\|[ \t]*(\/(usr\/)?bin\/)?(ba|da|z|k)?sh([ \t\n;&]|$)/
    condition:
        hozen_cron_file and any of them
}

rule hozen_preload_from_odd_place : persistence preload
{
    meta:
        description = "ld.so.preload loads a library from a temporary, home or hidden folder into every program"
        author = "hozen"
        date = "2026-11-23"
        severity = "critical"
    strings:
        $place = /(^|[ \t\n:])\/(tmp|var\/tmp|dev\/shm|run|home|root|var\/www)\/[^ \t\n:]+/
        $hidden = /\/\.[^ \t\n:\/.][^ \t\n:]*/
    condition:
        filename == "ld.so.preload" and filesize < 64KB and any of them
}

rule hozen_preload_in_use : persistence preload
{
    meta:
        description = "ld.so.preload is in use; few hosts have a reason for that"
        author = "hozen"
        date = "2026-11-23"
        severity = "medium"
    strings:
        $library = /\/[^ \t\n:#]+\.so/
    condition:
        filename == "ld.so.preload" and filesize < 64KB and $library
}

rule hozen_preload_variable_at_startup : persistence preload
{
    meta:
        description = "A startup file sets LD_PRELOAD to a library in a temporary or hidden folder"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $set = /LD_PRELOAD=["']?(\/(tmp|var\/tmp|dev\/shm)\/|[^ \t\n"']*\/\.[^ \t\n\/.])/
    condition:
        hozen_startup_file and $set
}

rule hozen_startup_file_downloads : persistence
{
    meta:
        description = "A startup file downloads something and runs it"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $pipe = /(curl|wget)[ \t][^\n|;#]{1,400}\|[ \t]*(sudo[ \t]+)?(\/(usr\/)?bin\/)?((ba|da|z|k)?sh|python[0-9.]*|perl)([ \t\n;&]|$)/
        $temp = /(nohup|setsid|exec)[ \t]+\/(tmp|var\/tmp|dev\/shm)\/[^ \t\n]/
    condition:
        hozen_startup_file and any of them
}

rule hozen_service_runs_from_temporary_folder : persistence systemd
{
    meta:
        description = "A systemd unit runs a program from a temporary folder, or downloads what it runs"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $unit = "[Service]"
        $temp = /Exec(Start|StartPre|StartPost)=[-@:+!]*((\/usr)?\/bin\/(ba|da)?sh[ \t]+(-c[ \t]+)?["']?)?\/(tmp|var\/tmp|dev\/shm)\/[^ \t\n]/
        $pipe = /Exec(Start|StartPre|StartPost)=[^\n]{0,200}(curl|wget)[ \t][^\n|]{1,400}\|[ \t]*(\/(usr\/)?bin\/)?((ba|da)?sh|python[0-9.]*|perl)/
    condition:
        filesize < 256KB and $unit and ($temp or $pipe) and
        (filepath contains "systemd" or filename matches /\.(service|conf)$/)
}
