/*
   Starter rules: how intruders keep a Linux host. Each looks only at the files
   that the mechanism reads, by path, so that documentation does not match.
   External variables: filename, filepath (set by hozen for each item).
*/

private rule hozen_cron_file
{
    condition:
        filesize < 1MB and
        (filepath contains "/cron" or filename == "anacrontab" or filename == "crontab" or filepath contains "/spool/at")
}

private rule hozen_cron_file_names_user
{
    condition:
        hozen_cron_file and (filename == "crontab" or filepath contains "/cron.d/")
}

private rule hozen_startup_file
{
    condition:
        filesize < 1MB and
        (filename == "rc.local" or filename == "environment" or filename matches /^\.?(bash_profile|bashrc|bash_login|bash\.bashrc|profile|zshrc|zprofile|zshenv|zlogin|xprofile|xinitrc|xsessionrc)$/ or filename == "config.fish" or
         filepath contains "/profile.d/" or filepath contains "/init.d/" or filepath contains "/autostart/" or filepath contains "/update-motd.d/")
}

rule hozen_cron_download_to_shell : persistence cron
{
    meta:
        description = "A cron entry downloads something and hands it to an interpreter"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $pipe = /((curl|wget|fetch|lwp-download)[ \t]|(https?|ftp):\/\/)[^\n]{1,400}\|&?[ \t(]*((\/usr\/bin\/)?(sudo|env|nohup|setsid|exec|nice|busybox)[ \t]+){0,3}(\/[a-z\/]{1,40}\/)?((ba|da|z|k|c|a)?sh|python[0-9.]*|perl|php|ruby|node)([^a-zA-Z0-9_.\/-]|$)/
        $subst = /(sh[ \t]+(-[a-z]+[ \t]+)?|eval[ \t]+|source[ \t]+|exec[ \t]+)[\\"']{0,3}(\$\(|`|<\()[ \t]*(curl|wget|fetch|lwp-download)[ \t]/
        $then = /(curl|wget|fetch|lwp-download)[ \t][^\n]{1,300}(;|&&|\|\|)[ \t]*((\/usr\/bin\/)?(sudo|env|nohup|setsid|exec|nice|busybox)[ \t]+){0,3}(\/[a-z\/]{1,40}\/)?(ba|da|z|k|a)?sh[ \t]+\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n]/
        $python = /exec\([^\n]{0,80}(b64decode\(|decode\(["']base64|urlopen\(|requests\.get\()/
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
        $timed = /(^|\n)[ \t]*([0-9*,\/~-]+[ \t]+){3}([0-9*,\/~-]+|[a-zA-Z]{3}([,-][a-zA-Z]{3})*)[ \t]+([0-9*,\/~-]+|[a-zA-Z]{3}([,-][a-zA-Z]{3})*)[ \t]+\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n]/
        $named = /@[a-z]{4,10}[ \t]+\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n]/
        $timed_user = /(^|\n)[ \t]*([0-9*,\/~-]+[ \t]+){3}([0-9*,\/~-]+|[a-zA-Z]{3}([,-][a-zA-Z]{3})*)[ \t]+([0-9*,\/~-]+|[a-zA-Z]{3}([,-][a-zA-Z]{3})*)[ \t]+[a-zA-Z_][a-zA-Z0-9_-]*[ \t]+\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n]/
        $named_user = /@[a-z]{4,10}[ \t]+[a-zA-Z_][a-zA-Z0-9_-]*[ \t]+\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n]/
        $anacron = /(^|\n)[ \t]*([0-9]+|@[a-z]+)[ \t]+[0-9]+[ \t]+[^ \t\n]+[ \t]+\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n]/
        $line = /(^|\n)[ \t]*\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n*?)$]/
        $after = /([;(`]|[^>]&|\|[ \t])[ \t]*\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n*?)$]/
        $word = /(^|[ \t\n;&|("'`\/=])((ba|da|z|k|a)?sh|python[0-9.]*|perl|php|ruby|node|nohup|exec|setsid|source|sudo|then|do)[ \t]+(-[a-zA-Z]+[ \t]+)?[\\"']{0,2}\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n*?)$]/
        $cd = /cd[ \t]+\/(tmp|var\/tmp|dev\/shm|run\/shm)[^ \t\n;&|]{0,100}[ \t]*(;|&&)[ \t]*((nohup|sh|bash|exec|setsid)[ \t]+){0,2}\.\/[^ \t\n]/
    condition:
        hozen_cron_file and
        (any of ($timed, $named, $line, $after, $word, $cd) or any of ($timed_user, $named_user) and hozen_cron_file_names_user or $anacron and filename == "anacrontab")
}

rule hozen_cron_encoded_command : persistence cron
{
    meta:
        description = "A cron entry decodes a command and runs it"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $b64 = /base64[ \t]+(-[a-zA-Z]*[dD][a-z]*|--decode)[^\n]{0,400}\|[ \t(]*((\/usr\/bin\/)?(sudo|env|nohup|setsid|exec|nice|busybox)[ \t]+){0,3}(\/[a-z\/]{1,40}\/)?((ba|da|z|k|c|a)?sh|python[0-9.]*|perl|php|ruby|node)([^a-zA-Z0-9_.\/-]|$)/
        $substituted = /(sh[ \t]+-[a-z]*c|eval|exec)[ \t]+[\\"']{0,3}(\$\(|`)[^\n]{1,2000}(base64[ \t]+(-[a-zA-Z]*[dD]|--decode)|xxd[ \t]+-r)/
        $braces = /\{base64,(-d|-D|--decode)\}[ \t]*\|/
        $xxd = /xxd[ \t]+-r[^\n]{0,400}\|[ \t(]*((\/usr\/bin\/)?(sudo|env|nohup|setsid|exec|nice|busybox)[ \t]+){0,3}(\/[a-z\/]{1,40}\/)?(ba|da|z|k|a)?sh([^a-zA-Z0-9_.\/-]|$)/
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
        filename == "ld.so.preload" and filesize < 64KB and ($library or uint8(0) > 0x20 and uint8(0) != 0x23)
}

private rule hozen_preload_setting
{
    condition:
        hozen_startup_file or hozen_cron_file or
        filesize < 1MB and
        (filename == "pam_env.conf" or filename == ".pam_environment" or filepath contains "/etc/default/" or filepath contains "/etc/sysconfig/" or
         filepath contains "/systemd/" or filepath contains "/environment.d/" or filepath contains "/.ssh/environment")
}

rule hozen_preload_variable_at_startup : persistence preload
{
    meta:
        description = "A startup file or setting preloads a library from a temporary, hidden or home folder"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $set = /LD_(PRELOAD|AUDIT)(=|[ \t]+)(DEFAULT=|OVERRIDE=)?["']?[^ \t\n;"']{0,300}\/((tmp|var\/tmp|dev\/shm|run\/shm)\/|\.[^ \t\n\/.])/
        $home = /LD_(PRELOAD|AUDIT)(=|[ \t]+)(DEFAULT=|OVERRIDE=)?["']?([^ \t\n;"']{0,300}:)?\/(home|root)\/[^ \t\n]/
    condition:
        hozen_preload_setting and ($set or $home and filepath contains "/etc/")
}

rule hozen_startup_file_downloads : persistence
{
    meta:
        description = "A startup file downloads or decodes something and runs it"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $pipe = /((curl|wget|fetch|lwp-download)[ \t]|(https?|ftp):\/\/)[^\n]{1,400}\|&?[ \t(]*((\/usr\/bin\/)?(sudo|env|nohup|setsid|exec|nice|busybox)[ \t]+){0,3}(\/[a-z\/]{1,40}\/)?((ba|da|z|k|c|a)?sh|python[0-9.]*|perl|php|ruby|node)([^a-zA-Z0-9_.\/-]|$)/
        $subst = /(sh[ \t]+(-[a-z]+[ \t]+)?|eval[ \t]+|source[ \t]+|exec[ \t]+)[\\"']{0,3}(\$\(|`|<\()[ \t]*(curl|wget|fetch|lwp-download)[ \t]/
        $then = /(curl|wget|fetch|lwp-download)[ \t][^\n]{1,300}(;|&&|\|\|)[ \t]*((\/usr\/bin\/)?(sudo|env|nohup|setsid|exec|nice|busybox)[ \t]+){0,3}(\/[a-z\/]{1,40}\/)?(ba|da|z|k|a)?sh[ \t]+\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n]/
        $b64 = /base64[ \t]+(-[a-zA-Z]*[dD][a-z]*|--decode)[^\n]{0,400}\|[ \t(]*((\/usr\/bin\/)?(sudo|env|nohup|setsid|exec|nice|busybox)[ \t]+){0,3}(\/[a-z\/]{1,40}\/)?((ba|da|z|k|c|a)?sh|python[0-9.]*|perl|php|ruby|node)([^a-zA-Z0-9_.\/-]|$)/
        $python = /exec\([^\n]{0,80}(b64decode\(|decode\(["']base64|urlopen\(|requests\.get\()/
        $temp = /(nohup|setsid|exec)[ \t]+\/(tmp|var\/tmp|dev\/shm)\/[^ \t\n]/
    condition:
        hozen_startup_file and any of them
}

rule hozen_startup_file_runs_from_temporary_folder : persistence
{
    meta:
        description = "A startup file runs a program from a folder that anyone may write to"
        author = "hozen"
        date = "2026-11-28"
        severity = "high"
    strings:
        $line = /(^|\n)[ \t]*\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n*?)$]/
        $after = /([;(`]|[^>]&|\|[ \t])[ \t]*\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n*?)$]/
        $word = /(^|[ \t\n;&|("'`\/=])((ba|da|z|k|a)?sh|python[0-9.]*|perl|php|ruby|node|nohup|exec|setsid|source|sudo|then|do)[ \t]+(-[a-zA-Z]+[ \t]+)?[\\"']{0,2}\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n*?)$]/
        $cd = /cd[ \t]+\/(tmp|var\/tmp|dev\/shm|run\/shm)[^ \t\n;&|]{0,100}[ \t]*(;|&&)[ \t]*((nohup|sh|bash|exec|setsid)[ \t]+){0,2}\.\/[^ \t\n]/
        $desktop = /(^|\n)Exec[ \t]*=[ \t]*["']?\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n]/
    condition:
        hozen_startup_file and any of them
}

rule hozen_service_runs_from_temporary_folder : persistence systemd
{
    meta:
        description = "A systemd unit runs a program from a temporary folder, or downloads or decodes what it runs"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $unit = "[Service]"
        $temp = /Exec(Start|StartPre|StartPost|Stop|StopPost|Reload|Condition)[ \t]*=[ \t]*[-@:+!|]*["']?\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n]/
        $through = /Exec(Start|StartPre|StartPost|Stop|StopPost|Reload|Condition)[ \t]*=[ \t]*[^\n]{1,300}(((ba|da|z|k|a)?sh|python[0-9.]*|perl|php|ruby|node|nohup|exec|setsid|env)[ \t]+(-[a-zA-Z]+[ \t]+)?[\\"']{0,2}|([;(]|[^>]&)[ \t]*)\/+(tmp|var\/+tmp|dev\/+shm|run\/+shm)\/+[^ \t\n*?)]/
        $pipe = /Exec(Start|StartPre|StartPost|Stop|StopPost|Reload|Condition)[ \t]*=[ \t]*[^\n]{0,200}((curl|wget|fetch|lwp-download)[ \t]|(https?|ftp):\/\/)[^\n]{1,400}\|&?[ \t(]*((\/usr\/bin\/)?(sudo|env|nohup|setsid|exec|nice|busybox)[ \t]+){0,3}(\/[a-z\/]{1,40}\/)?((ba|da|z|k|c|a)?sh|python[0-9.]*|perl|php|ruby|node)([^a-zA-Z0-9_.\/-]|$)/
        $subst = /Exec(Start|StartPre|StartPost|Stop|StopPost|Reload|Condition)[ \t]*=[ \t]*[^\n]{0,200}(\$\(|`|<\()[ \t]*(curl|wget|fetch|lwp-download)[ \t]/
        $b64 = /Exec(Start|StartPre|StartPost|Stop|StopPost|Reload|Condition)[ \t]*=[ \t]*[^\n]{0,2000}base64[ \t]+(-[a-zA-Z]*[dD][a-z]*|--decode)[^\n]{0,400}\|[ \t(]*((\/usr\/bin\/)?(sudo|env|nohup|setsid|exec|nice|busybox)[ \t]+){0,3}(\/[a-z\/]{1,40}\/)?((ba|da|z|k|c|a)?sh|python[0-9.]*|perl|php|ruby|node)([^a-zA-Z0-9_.\/-]|$)/
    condition:
        filesize < 256KB and $unit and any of ($temp, $through, $pipe, $subst, $b64) and
        (filepath contains "systemd" or filename matches /\.(service|conf)$/)
}
