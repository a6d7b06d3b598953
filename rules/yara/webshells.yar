/*
   Starter rules: web shells. They look for input of a request that reaches an
   interpreter without a step between, which applications do not do.
*/

private rule hozen_web_text
{
    condition:
        filesize < 2MB and uint32(0) != 0x464c457f and uint16(0) != 0x5a4d
}

rule hozen_webshell_php_request_to_interpreter : webshell
{
    meta:
        description = "PHP runs what a request carries"
        author = "hozen"
        date = "2026-11-23"
        severity = "critical"
    strings:
        $open = /<\?(php|=|[ \t\n])/ nocase
        $run = /(^|[^a-z0-9_>:$])(eval|assert|system|passthru|shell_exec|exec|popen|proc_open|pcntl_exec|create_function)[ \t]*\([ \t]*["']{0,2}[ \t.]*@?((base64_decode|gzinflate|gzuncompress|str_rot13|stripslashes|urldecode|rawurldecode|hex2bin|trim)[ \t]*\([ \t]*@?){0,3}\$_(get|post|request|cookie|server\[["']http_)/ nocase
        $tick = /`[ \t]*\$_(get|post|request|cookie)\[[^\]\n]{1,40}\][ \t]*`/ nocase
        $indirect = /\$_(get|post|request|cookie)\[[^\]\n]{1,40}\][ \t]*\([ \t]*@?(base64_decode[ \t]*\([ \t]*)?\$_(get|post|request|cookie)\[/ nocase
    condition:
        hozen_web_text and $open and ($run or $tick or $indirect)
}

rule hozen_webshell_php_nested_decoding : webshell
{
    meta:
        description = "PHP runs text that is packed and encoded, as hidden code is"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $open = /<\?(php|=|[ \t\n])/ nocase
        $nest = /(^|[^a-z0-9_>:$])(eval|assert)[ \t]*\([ \t]*@?(gzinflate|gzuncompress|gzdecode|str_rot13|base64_decode|strrev|convert_uudecode)[ \t]*\([ \t]*@?(gzinflate|gzuncompress|gzdecode|str_rot13|base64_decode|strrev|convert_uudecode)[ \t]*\([ \t]*['"$]/ nocase
        $long = /(^|[^a-z0-9_>:$])eval[ \t]*\([ \t]*base64_decode[ \t]*\([ \t]*['"][a-z0-9+\/=]{200}/ nocase
    condition:
        hozen_web_text and $open and ($nest or $long)
}

rule hozen_webshell_in_image : webshell
{
    meta:
        description = "A picture holds PHP that takes input from a request"
        author = "hozen"
        date = "2026-11-23"
        severity = "critical"
    strings:
        $open = /<\?(php|=)/ nocase
        $input = /\$_(get|post|request|cookie|files)[ \t]*\[/ nocase
    condition:
        filesize < 16MB and
        (uint32be(0) == 0x47494638 or uint32be(0) == 0x89504e47 or uint16be(0) == 0xffd8) and
        $open and $input in (@open[1]..@open[1] + 20000)
}

rule hozen_webshell_jsp_request_to_process : webshell
{
    meta:
        description = "A server page starts a process with what a request carries"
        author = "hozen"
        date = "2026-11-23"
        severity = "critical"
    strings:
        $page = "<%"
        $direct = /getRuntime\(\)[ \t\n]*\.exec\([^;]{0,120}request\.getParameter\(/
        $builder = /new[ \t]+ProcessBuilder\([^;]{0,200}request\.getParameter\(/
        $runtime = /getRuntime\(\)[ \t\n]*\.exec\(/
        $shell = /["'](\/bin\/(ba)?sh|cmd(\.exe)?)["'][ \t]*,[ \t]*["'](-c|\/c)["']/
        $input = "request.getParameter("
        $loader = /defineClass\([^;]{0,80}(decode|decodeBuffer|doFinal)/
    condition:
        hozen_web_text and $page and
        ($direct or $builder or ($runtime and $shell and $input) or ($loader and filesize < 64KB))
}

rule hozen_webshell_asp_request_to_interpreter : webshell
{
    meta:
        description = "ASP runs what a request carries"
        author = "hozen"
        date = "2026-11-23"
        severity = "critical"
    strings:
        $page = "<%"
        $script = /<script[^>\n]{0,80}runat[ \t]*=[ \t]*["']?server/ nocase
        $run = /(^|[^a-z0-9_.])(eval|execute|executeglobal)[ \t]*\(?[ \t]*(unescape[ \t]*\([ \t]*)?request[ \t]*(\.[ \t]*(item|form|querystring|cookies))?[ \t]*[\[(][ \t]*["']/ nocase
        $process = /process\.start\([^;\n]{0,160}request[ \t]*[.\[(]/ nocase
    condition:
        hozen_web_text and ($page or $script) and ($run or $process)
}
