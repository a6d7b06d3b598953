/*
   Starter rules: web shells. They look for input of a request that reaches an
   interpreter without a step between, which applications do not do.
*/

private rule hozen_web_text
{
    condition:
        filesize < 16MB and uint32(0) != 0x464c457f and uint16(0) != 0x5a4d
}

rule hozen_webshell_php_request_to_interpreter : webshell
{
    meta:
        description = "PHP runs what a request carries"
        author = "hozen"
        date = "2026-11-23"
        severity = "critical"
    strings:
        $open = /<\?(php|=|[ \t\n])|<script[^>\n]{1,40}language[ \t]*=[ \t]*["']?php/ nocase
        $run = /(^|[^a-z0-9_>:$]|[^-]>)(eval|assert|system|passthru|shell_exec|exec|popen|proc_open|pcntl_exec|create_function)([ \t\r\n]|\/\*[^\n]{0,40}\*\/){0,8}\([^();\n]{0,100}((base64_decode|gzinflate|gzuncompress|gzdecode|str_rot13|stripslashes|urldecode|rawurldecode|hex2bin|trim|strrev|escapeshellcmd|file_get_contents)[ \t]*\([ \t]*@?){0,3}\{?(\$_(get|post|request|cookie)|\$_server\[["']http_|["']php:\/\/input)/ nocase
        $run_next_line = /(^|[^a-z0-9_>:$]|[^-]>)(eval|assert|system|passthru|shell_exec|exec|popen|proc_open|pcntl_exec|create_function)([ \t\r\n]|\/\*[^\n]{0,40}\*\/){0,8}\(([ \t\r\n]|\/\*[^\n]{0,40}\*\/){0,8}@?\$_(get|post|request|cookie)/ nocase
        $tick = /(echo|print|return|<\?=|<\?php|[=;{(@])[ \t(@]*`[^`'"=\n]{0,60}\$_(get|post|request|cookie)[ \t]*\[/ nocase
        $indirect = /\$_(get|post|request|cookie)\[[^\]\n]{1,40}\][ \t]*\([^;\n]{0,40}\$_(get|post|request|cookie)\[/ nocase
        $callback = /(array_map|array_filter|array_walk|usort|uasort|uksort|call_user_func|call_user_func_array|register_shutdown_function|preg_replace_callback|filter_var)[ \t]*\([^;\n]{0,60}["'](assert|system|exec|passthru|shell_exec|popen)["'][^;\n]{0,60}\$_(get|post|request|cookie)/ nocase
        $callback_named = /(call_user_func|call_user_func_array|new[ \t]+ReflectionFunction)[ \t]*\([ \t]*@?\$_(get|post|request|cookie)[ \t]*\[/ nocase
        $callback_last = /(array_filter|array_walk|usort|uasort|uksort)[ \t]*\([ \t]*(\.\.\.[ \t]*\$_(get|post|request|cookie)|\$_(get|post|request|cookie)[^;\n]{0,60},[ \t]*\$_(get|post|request|cookie)[ \t]*\[)/ nocase
        $replace = /preg_replace[ \t]*\([ \t]*["'][^\n]{1,60}\/[imsxu]{0,4}e[imsxu]{0,4}["'][ \t]*,[ \t]*@?(stripslashes\()?\$_(get|post|request|cookie)/ nocase
        $write = /file_put_contents[ \t]*\([ \t]*\$_(get|post|request|cookie)[ \t]*\[[^;\n]{1,120}\$_(get|post|request|cookie)[ \t]*\[/ nocase
    condition:
        hozen_web_text and $open and any of ($run*, $tick, $indirect, $callback*, $replace, $write)
}

rule hozen_webshell_php_nested_decoding : webshell
{
    meta:
        description = "PHP runs text that is packed and encoded, as hidden code is"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $open = /<\?(php|=|[ \t\n])|<script[^>\n]{1,40}language[ \t]*=[ \t]*["']?php/ nocase
        $nest = /(^|[^a-z0-9_>:$]|[^-]>)(eval|assert)[ \t]*\([ \t"'?>.@]{0,12}((gzinflate|gzuncompress|gzdecode|str_rot13|base64_decode|strrev|convert_uudecode|hex2bin|rawurldecode)[ \t]*\([ \t]*@?){2,8}['"$]/ nocase
        $variable = /(^|[^a-z0-9_>:$]|[^-]>)eval[ \t]*\([ \t"'?>.@]{0,12}(gzinflate|gzuncompress|gzdecode|str_rot13|base64_decode|strrev|convert_uudecode|hex2bin|rawurldecode)[ \t]*\([ \t]*@?\$[a-z_]/ nocase
        $prefixed = /(^|[^a-z0-9_>:$]|[^-]>)eval[ \t]*\([ \t]*["'][ \t]*\?>[ \t]*["'][ \t]*\.[ \t]*@?(gzinflate|gzuncompress|gzdecode|str_rot13|base64_decode|strrev|convert_uudecode|hex2bin|rawurldecode)[ \t]*\(/ nocase
        $long = /(^|[^a-z0-9_>:$]|[^-]>)eval[ \t]*\([ \t]*base64_decode[ \t]*\([ \t]*['"][a-z0-9+\/=]{200}/ nocase
    condition:
        hozen_web_text and $open and any of ($nest, $variable, $prefixed, $long)
}

rule hozen_webshell_php_small_file : webshell
{
    meta:
        description = "A small PHP file takes input from a request and runs a variable, or hides the words for it"
        author = "hozen"
        date = "2026-11-28"
        severity = "high"
    strings:
        $open = /<\?(php|=|[ \t\n])|<script[^>\n]{1,40}language[ \t]*=[ \t]*["']?php/ nocase
        $input = /\$_(get|post|request|cookie|files)\b|php:\/\/input/ nocase
        $near = /\$_(get|post|request|cookie)[ \t]*\[[^\]\n]{1,40}\][^`]{0,200}[^a-z0-9_>:$](eval|assert|system|passthru|shell_exec|exec|popen|proc_open|pcntl_exec|create_function)[ \t\r\n]*\([ \t]*@?["']?\$[a-z_]/ nocase
        $variable = /[^a-z0-9_>:$](eval|assert)[ \t\r\n]*\([ \t]*@?["']?\$[a-z_]/ nocase
        $named = /\$[a-z0-9_]{1,30}[ \t]*\([ \t]*@?((base64_decode|gzinflate|gzuncompress|gzdecode|str_rot13|stripslashes|urldecode|rawurldecode|hex2bin|trim|strrev|escapeshellcmd|file_get_contents)\([ \t]*)?\$_(get|post|request|cookie)[ \t]*\[/ nocase
        $joined = /\$\{["']_[a-z]{0,6}["'][ \t]*\.[^}\n]{1,40}\}[ \t]*[\[(]/ nocase
        $cipher = /\$[a-z]\[\$i\][ \t]*=[ \t]*\$[a-z]\[\$i\][ \t]*\^|openssl_decrypt[ \t]*\(|base64_decode[ \t]*\(|["']base64_["'][ \t]*\./ nocase
    condition:
        $open and
        (filesize < 8KB and $near or
         filesize < 4KB and $input and ($variable and $cipher) or
         filesize < 1KB and ($named or $input and $variable) or
         filesize < 64KB and $joined)
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
        $page = /<%|<jsp:/
        $direct = /getRuntime\(\)[ \t\n]*\.exec\([^;]{0,120}request\.getParameter\(/
        $builder = /new[ \t]+ProcessBuilder\([^;]{0,200}request\.getParameter\(/
        $runtime = /getRuntime\(\)/
        $exec = /\.exec\(/
        $input = /request\.(getParameter|getHeader|getReader|getInputStream)\(/
        $reflected = /forName\([ \t]*["']java\.lang\.(Runtime|ProcessBuilder)["']/
        $engine = /getEngineByName\([^;\n]{0,60}\.eval\([ \t]*request\.get/
        $loader = /defineClass\([^;]{0,80}(decode|decodeBuffer|doFinal)/
        $own_loader = /extends[ \t]+ClassLoader/
        $define = /defineClass\(/
        $decode = /(decodeBuffer|doFinal|getDecoder\(\)\.decode|\.decode)\(/
        $expression = /\$\{[^}\n]{0,80}getRuntime\(\)\.exec\(/
    condition:
        hozen_web_text and
        ($page and
         ($direct or $builder or $engine or
          filesize < 64KB and ($runtime and $exec and $input or $reflected and $input or $loader or ($own_loader or $input) and $define and $decode)) or
         $expression and filename matches /\.(jspx?|tagx?)$/)
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
        $run = /(^|[^a-z0-9_.])(eval|execute|executeglobal)[ \t]*\(?[ \t]*(unescape[ \t]*\([ \t]*)?request[ \t]*(\.[ \t]*(item|form|querystring|cookies))?[ \t]*[\[(][ \t]*(["']|chr[ \t]*\()/ nocase
        $process = /process\.start\([^;\n]{0,160}request[ \t]*[.\[(]/ nocase
        $assembly = /assembly\.load\([^;\n]{0,160}request[ \t]*[.\[(]/ nocase
        $named = /=[ \t]*request[ \t]*[.(\[][^\n:]{1,60}[:\n][^\n]{0,40}(eval|execute|executeglobal)[ \t(]+[a-z]/ nocase
        $host = /(wscript\.shell|processstartinfo)/ nocase
        $start = /(\.(exec|run)[ \t]*\(?|process\.start[ \t]*\()/ nocase
        $shell = /cmd(\.exe)?([ \t]*\/c)?[ \t]*["']|["']?(cmd(\.exe)?|powershell(\.exe)?)[ \t]*["' \/]/ nocase
        $request = /request[ \t]*(\.[ \t]*(item|form|querystring|cookies|params))?[ \t]*[\[(]/ nocase
    condition:
        hozen_web_text and ($page or $script) and
        ($run or $process or $assembly or filesize < 2KB and $named or filesize < 64KB and $host and $start and $shell and $request)
}

rule hozen_webshell_cgi_request_to_shell : webshell
{
    meta:
        description = "A CGI script runs what a request carries"
        author = "hozen"
        date = "2026-11-28"
        severity = "critical"
    strings:
        $shell = /(^|[ \t\n;`(])(eval|(ba|da)?sh[ \t]+-c)[ \t]+["']?[^\n]{0,40}\$\{?(QUERY_STRING|HTTP_[A-Z_]{1,40})/
        $python = /(os\.(system|popen)|subprocess\.(call|run|Popen|check_output|getoutput))\([^\n]{0,40}(FieldStorage\(|\.getvalue\(|\.getfirst\()/
        $perl = /(system|exec|`|qx.)[ \t(]*[^\n;]{0,20}(->|CGI::)param\(/
    condition:
        filesize < 256KB and uint16be(0) == 0x2321 and any of them
}
