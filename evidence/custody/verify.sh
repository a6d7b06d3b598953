#!/bin/bash
# Checks a hozen custody log by hand: bash (4.4), coreutils and openssl (1.1.1, or later) alone.
#
#   verify.sh FOLDER [KEYS]
#
# FOLDER is the log's folder, cases/<case>/custody, or a copy of it. KEYS is a file of verifier
# keys that you vouch for, one a line (name+hash+base64; the sign.pub files that people gave you).
# What is checked, and how it could be done without this script, is told in SPEC.md.
#
# Exit codes: 0 all is well (signers may be unknown: read the output), 1 there is no log, or a tool or file is missing,
# 2 wrong use, 3 all is well but something can't be told, 4 the log is damaged.
case ${BASH_VERSION:-} in # every shell can read as far as this
  '' | [123].* | 4.[0123].*) echo 'verify.sh: nothing was checked: it needs bash 4.4 or newer; run: bash verify.sh FOLDER' >&2; exit 2 ;;
esac
set +o posix # it may have been called as sh
unset CDPATH # or cd goes to a folder of the same name elsewhere
export LC_ALL=C
set -u -o pipefail
shopt -s nullglob

bad=0 gaps=0
damage() { printf 'DAMAGE  %s: %s\n' "$1" "$2"; bad=1; }
gap()    { printf 'gap     %s: %s\n' "$1" "$2"; gaps=1; }
quit()   { printf 'error: %s\n' "$2" >&2; exit "$1"; }
# die: JSON that is none; nothing after it is read.
die()    { printf 'DAMAGE  %s\nThe custody log is DAMAGED; what follows was not read.\n' "$(printable "$1")"; exit 4; }

[ $# -ge 1 ] && [ $# -le 2 ] || quit 2 "usage: verify.sh FOLDER [KEYS]"
for tool in openssl sha256sum base64 od head tail cmp mktemp cat tr wc rm; do
  command -v "$tool" >/dev/null || quit 1 "$tool is missing"
done
declare -A known=() named=()
if [ $# -eq 2 ]; then
  [ -r "$2" ] || quit 1 "$2 can't be read"
  while IFS=$' \t\r' read -r key || [ -n "$key" ]; do [ -z "$key" ] || known[$key]=1; done <"$2"
fi
[ -d "$1" ] || quit 1 "$1 is no folder"
cd -- "$1" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

bytes() { local o= i; for ((i = 0; i < ${#1}; i += 2)); do o+="\\x${1:i:2}"; done; printf '%b' "$o"; } # hex to bytes
hex()   { od -An -v -tx1 | tr -d ' \n'; }                                   # bytes to hex
sum()   { local s; s=$(sha256sum); printf '%s' "${s:0:64}"; }
printable() { printf '%s' "${1//[^[:print:]]/?}"; }

# --- Reading JSON: the same in the bundle's script and in the custody log's.
# What is known of members, each with its kind: s string, t and T times (T in any form of RFC 3339),
# i and u whole numbers, d an integer in a string, b true or false, o object, m object of free names, l list (/*: what it holds).
declare -A shape=() folded=()
known_members() {
  local top=$1 m; shift; shape[$top]=o
  for m; do shape[$top/${m%:*}]=${m##*:}; m=$top/${m%:*}; folded[${m%/*}/${m##*/}]=1; done # they have no capital letters
}
utf8='^([ -~]|'$'\x7f''|['$'\xc2''-'$'\xdf'']C|'$'\xe0''['$'\xa0''-'$'\xbf'']C|['$'\xe1''-'$'\xec\xee\xef'']CC|'
utf8+=$'\xed''['$'\x80''-'$'\x9f'']C|'$'\xf0''['$'\x90''-'$'\xbf'']CC|['$'\xf1''-'$'\xf3'']CCC|'$'\xf4''['$'\x80''-'$'\x8f'']CC)*$'
utf8=${utf8//C/[$'\x80'-$'\xbf']}

# text RAW: what stands between quotes as RAW, into $text; fails where that is no JSON string.
text() {
  text=$1
  [[ $1 == *[!\ -~]* ]] && { [[ $1 =~ $utf8 ]] || return 1; }
  [[ $1 == *\\* ]] || return 0
  local -a part out; local i e n u=0
  IFS=\\ read -r -d '' -a part <<< "$1"
  out=("${part[0]}")
  for ((i = 1; i < ${#part[@]}; i++)); do
    e=${part[i]}
    [[ $u = 0 || $e == u* ]] || return 1 # half a surrogate pair
    case $e in
      '') i=$((i + 1)); out+=('\' "${part[i]}") ;; # \\: what follows stands for itself
      [\"/]*) out+=("$e") ;;
      b*) out+=($'\b'"${e:1}") ;; f*) out+=($'\f'"${e:1}") ;; n*) out+=($'\n'"${e:1}") ;; r*) out+=($'\r'"${e:1}") ;; t*) out+=($'\t'"${e:1}") ;;
      u*) [[ $e =~ ^u([0-9a-fA-F]{4}) ]] || return 1
        n=$((16#${BASH_REMATCH[1]}))
        if ((u)); then
          ((n >= 0xdc00 && n <= 0xdfff)) || return 1
          n=$((0x10000 + ((u - 0xd800) << 10) + n - 0xdc00)) u=0
        elif ((n >= 0xdc00 && n <= 0xdfff)); then return 1
        elif ((n >= 0xd800 && n < 0xdc00)); then # the other half must follow at once
          [ ${#e} = 5 ] && ((i + 1 < ${#part[@]})) || return 1
          u=$n; continue
        fi
        if ((n == 0)); then n='\xc0\x80' # bash holds no zero byte; no valid text has these two
        elif ((n < 0x80)); then printf -v n '\\x%x' $n
        elif ((n < 0x800)); then printf -v n '\\x%x' $((n >> 6 | 0xc0)) $((n & 63 | 128))
        elif ((n < 0x10000)); then printf -v n '\\x%x' $((n >> 12 | 0xe0)) $((n >> 6 & 63 | 128)) $((n & 63 | 128))
        else printf -v n '\\x%x' $((n >> 18 | 0xf0)) $((n >> 12 & 63 | 128)) $((n >> 6 & 63 | 128)) $((n & 63 | 128)); fi
        printf -v n "$n"; out+=("$n${e:5}") ;;
      *) return 1 ;;
    esac
  done
  ((u == 0)) || return 1
  local IFS=; text="${out[*]}"; text=${text%$'\n'} # the line end is that of <<<
}
# value GOT WHAT: a value at $path must be of the kind that is known of it; what matters later is kept in val.
value() {
  local kind=${shape[$path]:-} re
  [ -z "$kind" ] || count[$path]=$((${count[$path]:-0} + 1))
  case $kind$1 in
    ?z) ;; # as if it were absent
    ss) if [[ $path == */\* ]]; then val[${path%\*}$name]=$text; else val[$path]=$text; fi ;;
    [tT]s) re='^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]'
      case $kind in t) re+='\.[0-9]{9}Z$' ;; T) re+='(\.[0-9]+)?(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])$' ;; esac
      [[ $2 =~ $re ]] || die "$leaf: ${path:2} is no time as SPEC.md has it"
      local y=$((10#${BASH_REMATCH[1]})) m=${BASH_REMATCH[2]} d=$((10#${BASH_REMATCH[3]}))
      case $m in 04 | 06 | 09 | 11) ((d <= 30)) ;; 02) ((d <= 28 || d == 29 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))) ;; esac || die "$leaf: ${path:2} is no day"
      val[$path]=$2 ;;
    ds) whole "$2" 9223372036854775807 && [ "$2" != -0 ] && val[$path]=$2 || die "$leaf: ${path:2} is no plain decimal" ;;
    in) whole "$2" 9223372036854775807 && val[$path]=$2 || die "$leaf: ${path:2} is no whole number" ;;
    un) [[ $2 != -* ]] && whole "$2" 18446744073709551615 && val[$path]=$2 || die "$leaf: ${path:2} is no whole number" ;;
    bb | [om]{ | l[) val[$path]=1 ;;
    ?) ;; # not known to this version
    *) die "$leaf: ${path:2} holds what it must not" ;;
  esac
  [ -z "$kind" ] || known_value "$1"
}
whole() { [[ $1 =~ ^-?(0|[1-9][0-9]*)$ ]] && { local n=${1#-}; ((${#n} < ${#2})) || { [ ${#n} = ${#2} ] && [[ ! $n > $2 ]]; }; }; }
# element: a value comes; in a list it has no name, and its place is the list's.
element() { ((depth == 0)) || [ "${in[depth - 1]}" = '{' ] || { path=?; [ "${shape[${at[depth - 1]}]:-}" != l ] || path=${at[depth - 1]}/\*; }; }
# member: $name comes, and the place of its value goes into $path.
member() {
  local of=${at[depth - 1]} fold=$name
  if [[ $fold == *[!\ -~]* ]]; then # letters that fold to s, k and i
    fold=${fold//$'\xc5\xbf'/s} fold=${fold//$'\xe2\x84\xaa'/k} fold=${fold//$'\xc4\xb0'/i} fold=${fold//$'\xc4\xb1'/i}
  fi
  fold=${fold,,}
  local one=${id[depth - 1]} key=$fold
  [ -z "${seen[=$one/$name]:-}" ] || die "$leaf: member ${name@Q} stands there twice"
  seen[=$one/$name]=1
  if [ -n "$folds" ]; then # members that differ by the case of letters alone are the same one
    key=${key//[!\ -~]/$'\1'} # what else folds bash doesn't know: letters beyond ASCII count as each other
    while [[ $key == *$'\1\1'* ]]; do key=${key//$'\1\1'/$'\1'}; done
    if [ -n "${seen[~$one/$key]:-}" ]; then
      [[ $key == *$'\1'* ]] || die "$leaf: member ${name@Q} stands there twice, if only in another case"
      unsure="whether members stand twice in it but for the case of letters beyond ASCII"
    fi
    seen[~$one/$key]=1
  fi
  path=?
  case ${shape[$of]:-} in
    m) path=$of/\* ;;
    o) [ -n "$name" ] && [[ $name != */* && $name != \* ]] || return 0
      [ -z "${shape[$of/$name]:-}" ] || { path=$of/$name name=''; return; }
      [ -z "${folded[$of/$fold]:-}" ] || die "$leaf: member ${name@Q} is a known one, in another case" ;;
  esac
}
# string: takes the string that begins at part[i], into $raw and $text.
string() {
  local from=$i
  raw=${part[i]}
  while [[ ${part[i]} =~ \\+$ ]] && ((${#BASH_REMATCH[0]} & 1)); do # the quote after it is escaped
    i=$((i + 1))
    ((i < ${#part[@]})) || die "$leaf: a string without an end"
    ((i - from > 100)) || raw+=\"${part[i]}
  done
  local IFS='"'
  ((i - from <= 100)) || raw="${part[*]:from:i - from + 1}"
  ((i + 1 < ${#part[@]})) && text "$raw" || die "$leaf: a string that is none, or not UTF-8"
}
# readjson TOP FILE: reads FILE, called $leaf, which is one line of JSON and a line end, and refuses what two readers
# could read as two things. val[PATH] is then what stands at a known place, and only there; count[PATH] how often.
declare -A val=() seen=() count=()
deepest=100 largest=1048576 folds='' integers='' unsure=''
readjson() {
  val=() seen=() count=() unsure=''
  local -a part at=() in=() id=()
  local i s c len want=v depth=0 ids=0 total=0 path=$1 name='' raw
  local literal='^(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null)'
  len=$(wc -c < "$2"); ((len <= largest)) || die "$leaf is too large"
  mapfile -t -d '"' part < "$2"
  for s in "${part[@]}"; do total=$((total + ${#s} + 1)); done
  [ $total = $((len + 1)) ] && [[ ${part[-1]} == *$'\n' ]] || die "$leaf does not end with a line end, or is no text"
  part[-1]=${part[-1]%$'\n'}
  for ((i = 0; ; i++)); do
    s=${part[i]} # stands between two strings
    ((${#s} <= 4096)) || die "$leaf: this script can't read it: ${#s} bytes between two strings"
    while [ -n "$s" ]; do
      case $want$s in
        [ve][\{\[]*)
          ((depth < deepest)) || die "$leaf is nested too deep"
          c=${s:0:1} s=${s:1}
          element; value $c
          in[depth]=$c at[depth]=$path id[depth]=$((ids += 1)) depth=$((depth + 1))
          [ $c = '{' ] && want=m || want=e ;;
        [ma]\}* | [ea]\]*)
          ((depth > 0)) || die "$leaf has bytes after its JSON object"
          case ${in[depth - 1]}${s:0:1} in '{}' | '[]') ;; *) die "$leaf is no JSON" ;; esac
          s=${s:1} depth=$((depth - 1)) want=a ;;
        a,*)
          ((depth > 0)) || die "$leaf has bytes after its JSON object"
          s=${s:1}; [ "${in[depth - 1]}" = '{' ] && want=n || want=v ;;
        c:*) s=${s:1} want=v ;;
        [ve]*)
          [[ $s =~ $literal ]] && ((depth > 0 && depth < deepest + ${#folds})) || die "$leaf is not compact JSON"
          c=${BASH_REMATCH[1]}; s=${s:${#c}} want=a
          element
          case $c in
            n*) value z ;; [tf]*) value b ;;
            *) [ -z "$integers" ] || { [ "$c" != -0 ] && whole "$c" $integers; } || die "$leaf: $c is no integer that JSON keeps"
              value n "$c" ;;
          esac ;;
        *) die "$leaf is not compact JSON" ;;
      esac
    done
    i=$((i + 1))
    ((i < ${#part[@]})) || break
    string
    case $want in
      m | n) name=$text want=c; member ;;
      v | e) ((depth > 0 && depth < deepest + ${#folds})) || die "$leaf is no JSON object"
        element; value s "$raw"; want=a ;;
      *) die "$leaf is no JSON" ;;
    esac
  done
  [ $depth$want = 0a ] || die "$leaf is no whole JSON object"
}
# --- End of reading JSON.

# N: an entry, R: a receipt.
known_members N {format,case}:s index:i previous:s time:t {event,vkey,person,role}:s occurred:t bundle:o bundle/{id,root}:s bundle/size:i \
  {purpose,legal_basis,place,note}:s receipt:o receipt/{object,sha256}:s receipt/size:d refers:i to:o to/{person,role,vkey}:s \
  parties:l parties/\*:o parties/\*/{person,role,vkey}:s details:m details/\*:s
known_members R {format,case,bundle,store}:s made:t objects:l objects/\*:o objects/\*/{key,sha256,version_id,retention}:s \
  objects/\*/size:d objects/\*/modified:T objects/\*/legal_hold:b
# known_value KIND: what SPEC.md says of a value at a known place, in $text.
known_value() {
  case $path in N/details/\*) [ -n "$name" ] && ((${#name} <= 64)) || die "$leaf: name of a detail of ${#name} bytes" ;; N/*) ;; *) return 0 ;; esac
  [ "$1" = s ] || return 0
  ((${#text} <= 2000)) || die "$leaf: a text of ${#text} bytes"
  case $path:$text in
    N/role:) die "$leaf: no role" ;;
    N/occurred:*) [[ $text > 0001-01-01T00:00:00.000000000Z ]] || die "$leaf: what occurred has no time" ;;
    */role: | */role:examiner | */role:analyst | */role:legal | */role:collector) ;;
    */role:*) die "$leaf: ${text@Q} is no role" ;;
    N/vkey:* | */vkey:) ;;
    */vkey:*) read_key "$text" || die "$leaf: a malformed key" ;;
  esac
}
valid_case() {
  local device='^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)'
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ && $1 != *..* && $1 != *. && ! ${1,,} =~ $device ]]
}
# entry: checks what stands in an entry beyond its first members, and their values.
entry() {
  local rest escape
  head -n 1 < "$f" > "$tmp/line"
  leaf=$f deepest=8 folds=1 integers=9007199254740991
  readjson N "$tmp/line"
  [ -z "$unsure" ] || gap "$f" "not checked: $unsure"
  deepest=100 folds='' integers=''
  rest=${line//\\\\/} # what is left of backslashes begins an escape
  escape='\\([^"\btnfru]|u([^0]|0[^0]|00[^01]|001[^0-9a-f]|000[^0-7bef]))'
  [[ ! $rest =~ $escape ]] || damage "$f" "is not canonical JSON: an escape that need not be"
  [ -n "${val[N/person]:-}" ] || damage "$f" "names no person"
  case $event in
    collected | sealed | received | stored | verified | analyzed | offered | accepted | held | released | disclosed | disposed | witnesses) ;;
    *) damage "$f" "$event is no event" ;;
  esac
  [[ $time > 0001-01-01T00:00:00.000000000Z ]] || damage "$f" "has no time"
  [[ ! $time < $before ]] || gap "$f" "is dated before the entry before it: a clock was wrong"
  before=$time
  ((${count[N/details/*]:-0} <= 32 && ${count[N/parties/*]:-0} <= 32)) || damage "$f" "has more than 32 details or parties"
  if [ -n "${val[N/refers]:-}" ]; then ((val[N/refers] >= 0 && val[N/refers] < i)) || damage "$f" "refers to an entry that is not before it"; fi
  if [ -n "${val[N/bundle]:-}" ]; then
    [[ ${val[N/bundle/id]:-} =~ ^[a-z0-9][a-z0-9-]{0,79}$ && ${val[N/bundle/root]:-} =~ ^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$ ]] &&
      ((${val[N/bundle/size]:-0} >= 1)) || damage "$f" "pins no bundle: bad id, size or root"
  fi
  [ -z "${val[N/receipt]:-}" ] || receipt "${val[N/receipt/object]:-}" "${val[N/receipt/size]:-0}" "${val[N/receipt/sha256]:-}" "${val[N/bundle/id]:-}"
}
# receipt OBJECT SIZE SHA256 BUNDLE: checks what an entry names.
receipt() {
  local size
  [[ $3 =~ ^[0-9a-f]{64}$ && $1 = "receipts/$3.json" && $2 != -* ]] || { damage "$f" "bad reference to a receipt"; return; }
  named[$1]=1
  [ -f "$1" ] && [ ! -L "$1" ] || { damage "$1" "is missing or not the one that $f names"; return; }
  size=$(wc -c <"$1")
  ((size <= 67108864)) && [ "$size" = "$2" ] && [ "$(sum <"$1")" = "$3" ] || { damage "$1" "is missing or not the one that $f names"; return; }
  ((size <= largest)) || { gap "$1" "not checked: what stands in it, for it is larger than this script reads"; return; }
  { cat "$1"; [ -z "$(tail -c 1 <"$1")" ] || echo; } >"$tmp/receipt"
  leaf=$1
  readjson R "$tmp/receipt"
  [ "${val[R/format]:-}" = hozen-receipt/1 ] && [ "${val[R/case]:-}" = "$case_id" ] || damage "$1" "is no receipt of this case"
  [ -z "$4" ] || [ "${val[R/bundle]:-}" = "$4" ] || damage "$1" "is of another bundle than $f is about"
}
# unbase64 writes the bytes of canonical base64 to a file.
unbase64() { printf '%s' "$1" | base64 -d >"$2" 2>/dev/null && [ "$(base64 -w0 <"$2")" = "$1" ]; }

key_read= key_name= key_hash=
# read_key VKEY: checks a verifier key, sets key_name and key_hash, writes $tmp/pub.pem.
read_key() {
  [ "$key_read" != "$1" ] || return 0
  key_read= key_name=MALFORMED key_hash=
  [ ${#1} -le 200 ] && [[ $1 =~ ^([a-z0-9]|[a-z0-9][a-z0-9.-]{0,98}[a-z0-9])\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$ ]] || return 1
  key_name=${BASH_REMATCH[1]} key_hash=${BASH_REMATCH[2]}
  unbase64 "${BASH_REMATCH[3]}" "$tmp/key" || return 1
  local k; k=$(hex <"$tmp/key")
  [[ $k =~ ^01[0-9a-f]{64}$ ]] || return 1                                  # type 1: Ed25519, 32 bytes
  local h; h=$( { printf '%s\n' "$key_name"; cat "$tmp/key"; } | sum)
  [ "${h:0:8}" = "$key_hash" ] || return 1
  { echo "-----BEGIN PUBLIC KEY-----"                                       # RFC 8410
    bytes "302a300506032b6570032100${k:2}" | base64
    echo "-----END PUBLIC KEY-----"; } >"$tmp/pub.pem"
  key_read=$1
}

# signed FILE VKEY LINES: checks that FILE is LINES lines of text, an empty line and one signature
# line, and that the signature is VKEY's over the text. Leaves the text in $tmp/text.
signed() {
  read_key "$2" || { why="malformed key"; return 1; }
  head -n "$3" <"$1" >"$tmp/text"
  local line; line=$(tail -n 1 <"$1" | tr -d '\0')
  [[ $line =~ ^$'\xe2\x80\x94'\ ([^ ]+)\ ([A-Za-z0-9+/=]+)$ ]] || { why="no signature line"; return 1; }
  local name=${BASH_REMATCH[1]} sig=${BASH_REMATCH[2]}
  { cat "$tmp/text"; printf '\n\xe2\x80\x94 %s %s\n' "$name" "$sig"; } | cmp -s - "$1" ||
    { why="has bytes that the signature does not cover"; return 1; }
  unbase64 "$sig" "$tmp/sig" || { why="malformed signature"; return 1; }
  [ "$name" = "$key_name" ] && [ "$(head -c 4 <"$tmp/sig" | hex)" = "$key_hash" ] || { why="signed by another key"; return 1; }
  [ "$(wc -c <"$tmp/sig")" -eq 68 ] || { why="malformed signature"; return 1; }
  tail -c 64 <"$tmp/sig" >"$tmp/sig64"
  openssl pkeyutl -verify -pubin -inkey "$tmp/pub.pem" -rawin -in "$tmp/text" -sigfile "$tmp/sig64" >/dev/null 2>&1 ||
    { why="the signature is false"; return 1; }
}

# The RFC 6962 tree: the roots of its complete subtrees, largest first, and how many leaves it has.
edges=() size=0
node() { { printf '\x01'; bytes "$1$2"; } | sum; }
grow() { # FILE: appends a leaf
  local h n=$size
  h=$( { printf '\0'; cat "$1"; } | sum)
  while [ $((n & 1)) -eq 1 ]; do
    h=$(node "${edges[-1]}" "$h"); unset 'edges[-1]'; n=$((n >> 1))
  done
  edges+=("$h"); size=$((size + 1))
}
root() {
  local h=${edges[-1]} i
  for ((i = ${#edges[@]} - 2; i >= 0; i--)); do h=$(node "${edges[i]}" "$h"); done
  bytes "$h" | base64 -w0
}

# below FOLDER/: what lies below, folders left out; each name ends in a zero byte.
below() {
  local e
  shopt -s dotglob
  for e in "$1"*; do if [ -d "$e" ] && [ ! -L "$e" ]; then below "$e/"; else printf '%s\0' "$e"; fi; done
}
# What lies here? Every name must be one that a log has.
last=-1 covers=() later=()
while IFS= read -r -d '' f; do
  case $f in
    entries/[0-9][0-9][0-9][0-9][0-9][0-9].note) n=${f:8:6}; n=$((10#$n)); [ $n -le $last ] || last=$n ;;
    checkpoints/[0-9][0-9][0-9][0-9][0-9][0-9].checkpoint) covers+=("$f") ;;
    receipts/*.json) [[ $f =~ ^receipts/[0-9a-f]{64}\.json$ ]] || damage "$(printable "$f")" "does not belong to a custody log" ;;
    checkpoints/[0-9][0-9][0-9][0-9][0-9][0-9].tsr|checkpoints/[0-9][0-9][0-9][0-9][0-9][0-9].cosign/*) later+=("$f") ;;
    .hozen-tmp-*|*/.hozen-tmp-*) ;; # what a write that did not finish left
    *) damage "$(printable "$f")" "does not belong to a custody log" ;;
  esac
done < <(below '')
cosign='^checkpoints/[0-9]{6}\.(tsr|cosign/([a-z0-9]|[a-z0-9][a-z0-9.-]{0,98}[a-z0-9])\+[0-9a-f]{8})$'
for c in ${later[@]+"${later[@]}"}; do
  n=${c:12:6}
  [[ $c =~ $cosign ]] && ((10#$n >= 1 && 10#$n <= last + 1)) && gap "$c" "not checked: this script can't" || damage "$(printable "$c")" "does not belong to this custody log"
done
[ $last -ge 0 ] || for c in ${covers[@]+"${covers[@]}"}; do damage "$c" "covers an entry that is not there"; done
[ $last -ge 0 ] || { [ $bad -eq 0 ] || exit 4; quit 1 "there is no custody log: no entry"; }

S='"([^"\\]|\\.)*"'
previous=$(printf '0%.0s' {1..64}) case_id= before=
for ((i = 0; i <= last; i++)); do
  f=$(printf 'entries/%06d.note' $i) c=$(printf 'checkpoints/%06d.checkpoint' $((i + 1)))
  [ -f "$f" ] && [ ! -L "$f" ] || { damage "$f" "is missing; no later entry can be placed"; break; }
  [ "$(wc -c <"$f")" -le 16384 ] || { damage "$f" "is too large"; break; }
  line=$(head -n 1 <"$f" | tr -d '\0')
  if ! [[ $line =~ ^\{\"format\":\"hozen-custody/1\",\"case\":\"([A-Za-z0-9._-]+)\",\"index\":([0-9]+),\"previous\":\"([0-9a-f]{64})\",\"time\":\"([0-9TZ:.-]+)\",\"event\":\"([a-z]+)\",\"vkey\":\"([^\"\\]+)\",\"person\":($S),\"role\":\"([a-z]+)\"[,}] ]]; then
    damage "$f" "is no entry"; break
  fi
  case_of=${BASH_REMATCH[1]} index=${BASH_REMATCH[2]} prev=${BASH_REMATCH[3]} time=${BASH_REMATCH[4]}
  event=${BASH_REMATCH[5]} vkey=${BASH_REMATCH[6]} person=${BASH_REMATCH[7]} role=${BASH_REMATCH[9]}
  [ -n "$case_id" ] || case_id=$case_of
  valid_case "$case_of" || damage "$f" "$case_of is no case"
  entry
  signed "$f" "$vkey" 1 || damage "$f" "$why"
  [ "$case_of" = "$case_id" ] || damage "$f" "belongs to case $case_of"
  [ "$index" = $i ] || damage "$f" "is numbered $index"
  [ "$prev" = "$previous" ] || damage "$f" "does not follow the entry before it"
  who="SIGNER UNKNOWN"
  [ -z "${known[$vkey]:-}" ] || who=known
  printf '%6d  %s  %-10s %s, %s, %s (%s)\n' $i "$time" "$event" "$(printable "$person")" "$role" "$key_name+$key_hash" "$who"
  previous=$(sum <"$f")
  grow "$f"
  if { [ ! -e "$c" ] || [ -d "$c" ]; } && [ ! -L "$c" ]; then gap "$c" "there is none"; continue; fi
  if [ -L "$c" ] || ! signed "$c" "$vkey" 3; then
    damage "$c" "not signed by the actor of $f: ${why:-it is a link}"
  elif ! printf 'hozen/custody/%s\n%d\n%s\n' "$case_id" $size "$(root)" | cmp -s - "$tmp/text"; then
    damage "$c" "shows another tree than the entries make"
  fi
done
for c in checkpoints/*.checkpoint; do
  [ ! -d "$c" ] || [ -L "$c" ] || continue # a folder is no object
  n=${c:12:6}
  [ $((10#$n)) -ge 1 ] && [ $((10#$n)) -le $((last + 1)) ] || damage "$c" "covers an entry that is not there"
done
for r in receipts/*.json; do
  [ ! -d "$r" ] || [ -L "$r" ] || continue
  [ -n "${named[$r]:-}" ] || gap "$r" "no entry names it"
done
if [ $bad -ne 0 ]; then echo "The custody log is DAMAGED."; exit 4; fi
printf 'case %s: %d entries, root %s\n' "$case_id" $size "$(root)"
if [ $gaps -ne 0 ]; then echo "Nothing is damaged, but see the gaps above."; exit 3; fi
echo "Every entry, signature, link and checkpoint is as it should be."
