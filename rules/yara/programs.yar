/*
   Starter rules: programs where none should be, and miners.
*/

import "elf"
import "math"

private rule hozen_in_temporary_folder
{
    condition:
        filepath matches /(^|\/)(tmp|var\/tmp|dev\/shm|dev\/mqueue|run\/shm|run\/lock|var\/lock|run\/user\/[0-9]+)\/[^\n]+$/
}

private rule hozen_elf_program
{
    condition:
        uint32(0) == 0x464c457f and filesize > 500
}

rule hozen_packed_elf_in_temporary_folder : packer
{
    meta:
        description = "A program packed with UPX lies in a temporary folder"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $magic = "UPX!"
        $info = "$Info: This file is packed with the UPX"
    condition:
        hozen_elf_program and hozen_in_temporary_folder and
        ($info and elf.number_of_sections == 0 or $magic in (0..1024) and $magic in (filesize - 1024..filesize))
}

rule hozen_dense_elf_in_temporary_folder : packer
{
    meta:
        description = "A program without sections, its bytes as dense as packed or encrypted ones, lies in a temporary folder"
        author = "hozen"
        date = "2026-11-23"
        severity = "medium"
    condition:
        hozen_elf_program and hozen_in_temporary_folder and filesize < 32MB and
        elf.number_of_sections == 0 and math.entropy(0, filesize) > 7.2
}

rule hozen_hidden_elf_in_temporary_folder : hiding
{
    meta:
        description = "A program with a hidden name, or in a hidden folder, lies in a temporary folder"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    condition:
        hozen_elf_program and filepath matches /(^|\/)(tmp|var\/tmp|dev\/shm|run\/shm)\/([^\/\n]+\/)*\.[^\/\n]+(\/[^\n]*)?$/ and
        not filepath matches /\/\.(mount_|X11-unix|ICE-unix|font-unix|snap|cache\/go-build)/
}

rule hozen_miner_program : miner
{
    meta:
        description = "A program that mines cryptocurrency"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $scheme = /stratum(\+|2\+)?(tcp|ssl|tls)?:\/\//
        $m1 = /mining[.](subscribe|authorize|notify|submit)/
        $m2 = /"method":[ ]?"login"/
        $a1 = /donate[-](level|over-proxy)/
        $a2 = /random[x]/ nocase
        $a3 = /crypto[n]ight/ nocase
        $a4 = /max-threads[-]hint/
        $a5 = /(rx\/(0|wow)|cn\/(fast|half|gpu|upx2))/
        $a6 = /huge-?[p]ages/ nocase
        $a7 = /nice[h]ash/ nocase
        $a8 = /xmr[i]g/ nocase
        $a9 = /(kaw[p]ow|eth[a]sh|yes[p]ower|argon2\/chukwa)/ nocase
        $a10 = /hash[r]ate/ nocase
        $a11 = /(miner[d]|cpu[m]iner)/
    condition:
        (hozen_elf_program or uint16(0) == 0x5a4d) and filesize < 64MB and
        ($scheme or any of ($m*)) and 3 of ($a*)
}

rule hozen_miner_configuration : miner
{
    meta:
        description = "A configuration of a program that mines cryptocurrency"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $pools = /"pools"[ \t\n\r]*:[ \t\n\r]*\[/
        $user = /"(user|wallet|pass)"[ \t]*:[ \t]*"/
        $c1 = "\"donate-level\""
        $c2 = "\"randomx\""
        $c3 = "\"cryptonight\""
        $c4 = /"coin"[ \t]*:[ \t]*("|null)/
        $c5 = "\"rig-id\""
        $c6 = /"algo"[ \t]*:[ \t]*("|null)/
        $c7 = "\"max-threads-hint\""
        $c8 = "\"opencl\""
        $c9 = "\"cuda\""
        $c10 = "\"nicehash\""
        $s1 = "\"pool_list\""
        $s2 = "\"wallet_address\""
        $s3 = "\"pool_address\""
    condition:
        filesize < 128KB and uint32(0) != 0x464c457f and ($pools and $user and 2 of ($c*) or all of ($s*))
}

rule hozen_miner_command : miner
{
    meta:
        description = "A command line of a program that mines cryptocurrency, in a cron file, history, unit or script"
        author = "hozen"
        date = "2026-11-23"
        severity = "high"
    strings:
        $url = /-o[= \t]*["']?(stratum(\+|2\+)?(tcp|ssl|tls)?:\/\/)[a-zA-Z0-9.:\[\]-]{3,253}:[0-9]{2,5}/
        $long = /--(url|pool)[= \t]+["']?(stratum(\+|2\+)?(tcp|ssl|tls)?:\/\/)[a-zA-Z0-9.:\[\]-]{3,253}:[0-9]{2,5}/
        $donate = /--donate-level[= \t]+[0-9]{1,2}/
        $coin = /--(coin|algo)[= \t]+(monero|rx\/0|rx\/wow|cn\/|randomx|kawpow|ghostrider)/ nocase
        $pool = /(-a|--algo|--coin)[= \t]+(monero|rx\/|cn\/|cn-|randomx|kawpow|ghostrider|ethash|etchash|autolykos)[^\n]{0,200}[ \t](-o|--url|--pool)[= \t]/ nocase
        $name = /(^|[\/ \t\n])(xmrig|xmr-stak|minerd|cpuminer|ccminer)(-[a-z0-9]+)?[ \t][^\n]{0,200}(-o|--url)[= \t]/
    condition:
        filesize < 4MB and uint32(0) != 0x464c457f and uint16(0) != 0x5a4d and
        ($url or $long or $donate and $coin or ($pool or $name) and not filepath contains "/share/")
}

rule hozen_eicar_test_file : test
{
    meta:
        description = "The EICAR test file: harmless, made to try scanners with"
        author = "hozen"
        date = "2026-11-23"
        severity = "info"
    strings:
        $name = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
    condition:
        filesize < 256 and uint32be(0) == 0x58354f21 and $name
}
