#!/usr/bin/env bash
# Checks the public side of a hozen bundle (format 1) with nothing but bash (4.4), coreutils and openssl (1.1.1, or newer):
# every segment as stored, every leaf, the tree, every checkpoint and its signature, countersignatures.
# It needs no decryption key. What is inside the segments is checked by "hozen verify --identity", or by hand: see README.txt.
#
#   bash verify.sh [--root ROOT] [--vkey VKEY] [FOLDER]
#
# ROOT (base64, or 64 hex digits) and VKEY are what the examiner wrote down; without them the script shows both, and says
# nothing about who holds the key. A bundle brings its own copy of this script: prefer one that you got elsewhere.
# Exit: 0 all checks passed, 2 wrong use, 3 the bundle is unfinished (what there is passed), 4 a check failed.
case ${BASH_VERSION:-} in # every shell can read as far as this
  '' | [123].* | 4.[0123].*) echo 'verify.sh: nothing was checked: it needs bash 4.4 or newer; run: bash verify.sh' >&2; exit 2 ;;
esac
set +o posix # it may have been called as sh
unset CDPATH # or cd goes to a folder of the same name elsewhere
set -u
export LC_ALL=C
die() { printf 'FAILED: %s\n' "$*"; exit 4; }
use() { printf 'usage: verify.sh [--root ROOT] [--vkey VKEY] [FOLDER]\n%s\n' "$*" >&2; exit 2; }

want_root='' want_key='' dir=''
while [ $# -gt 0 ]; do
  case $1 in
    --root) [ $# -ge 2 ] || use "--root wants a value"; want_root=$2; shift 2 ;;
    --vkey) [ $# -ge 2 ] || use "--vkey wants a value"; want_key=$2; shift 2 ;;
    -*) use "unknown option $1" ;;
    *) [ -z "$dir" ] || use "more than one folder"; dir=$1; shift ;;
  esac
done
if [ -z "$dir" ]; then # the folder that the script lies in
  case ${BASH_SOURCE[0]} in */*) dir=${BASH_SOURCE[0]%/*}/ ;; *) dir=. ;; esac
fi
for t in openssl sha256sum base64 mktemp tail head stat wc od tr cat cp rm; do
  command -v "$t" >/dev/null || { echo "this script needs $t" >&2; exit 2; }
done
cd -- "$dir" 2>/dev/null || use "no folder $dir"
plain() { [ -f "$1" ] && [ ! -L "$1" ]; } # a link is no object, wherever it leads
plain seal/000000.json || die "seal/000000.json is missing: this is no bundle, or its header is gone"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

unhex() { local i s=''; for ((i = 0; i < ${#1}; i += 2)); do s+="\\x${1:i:2}"; done; printf "$s"; }
tohex() { od -An -v -tx1 | tr -d ' \n'; }
sum() { local s; s=$(sha256sum); printf %s "${s%% *}"; }
sumfile() { sum < "$1"; }
leafhash() { { printf '\0'; cat -- "$1"; } | sum; }
nodehash() { unhex "01$1$2" | sum; }
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
known_value() { :; }
# H: the header, S: the leaf of a segment, E: the end.
known_members H format:s bundle:s kind:s case:s tool:o tool/{name,version,commit,sha256,os,arch}:s {examiner,place,note}:s \
  {host,clock,options,files}:m {host,clock,options,files}/\*:s started:t signer:o signer/{algorithm,vkey,role}:s signer/ephemeral:b \
  encryption:s {recipients,hashes}:l {recipients,hashes}/\*:s parents:l parents/\*:o parents/\*/{bundle,case,root}:s parents/\*/size:i \
  rules:l rules/\*:o rules/\*/{name,sha256}:s
known_members S format:s bundle:s number:i object:s size:d sha256:s items:i first_seq:u root:s closed:t
known_members E format:s bundle:s state:s reason:s ended:t segments:i items:u bytes:d outcomes:m outcomes/\*:i gaps:i \
  footprint:m footprint/\*:s key_fate:s

# usekey VKEY: takes a signed-note verifier key apart into $tmp/pub.der, keyname and keyhash.
usekey() {
  local re='^([!-*,-~]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$'
  [[ $1 =~ $re ]] || return 1
  keyname=${BASH_REMATCH[1]} keyhash=${BASH_REMATCH[2]}
  local raw; raw=$(printf %s "${BASH_REMATCH[3]}" | base64 -d 2>/dev/null | tohex)
  [ ${#raw} = 66 ] && [ "${raw:0:2}" = 01 ] || return 1
  local h; h=$({ printf '%s\n' "$keyname"; unhex "$raw"; } | sum)
  [ "${h:0:8}" = "$keyhash" ] || return 1
  unhex "302a300506032b6570032100${raw:2}" > "$tmp/pub.der"
}
# checknote FILE: the note has exactly the text in $tmp/text and one good signature by the key in use.
checknote() {
  mapfile -t note < "$1"
  local last=$((${#note[@]} - 1)) sig
  ((last > 0)) && [[ ${note[last]} =~ ^"— $keyname "([A-Za-z0-9+/=]+)$ ]] || return 1
  sig=${BASH_REMATCH[1]}
  { cat "$tmp/text"; printf '\n— %s %s\n' "$keyname" "$sig"; } > "$tmp/again"
  [ "$(sumfile "$tmp/again")" = "$(sumfile "$1")" ] || return 1
  printf %s "$sig" | base64 -d > "$tmp/sig" 2>/dev/null || return 1
  [ "$(base64 -w0 < "$tmp/sig")" = "$sig" ] || return 1
  [ "$(stat -c %s "$tmp/sig")" = 68 ] && [ "$(head -c 4 "$tmp/sig" | tohex)" = "$keyhash" ] || return 1
  tail -c 64 "$tmp/sig" > "$tmp/ed"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/pub.der" -rawin -in "$tmp/text" -sigfile "$tmp/ed" >/dev/null 2>&1
}

# stated TOP MEMBER…: a leaf states all that no writer leaves out.
stated() {
  local top=$1 m; shift
  for m; do [ -n "${val[$top/$m]+x}" ] || die "$leaf: $m is missing"; done
}

leaf=seal/000000.json
readjson H "$leaf"
[ "${val[H/format]:-}" = hozen-header/1 ] || die "$leaf: not the header of a format 1 bundle"
stated H bundle kind case started signer encryption files
bundle=${val[H/bundle]:-} encryption=${val[H/encryption]:-} vkey=${val[H/signer/vkey]:-}
[[ $bundle =~ ^[a-z0-9][a-z0-9-]{0,79}$ ]] || die "$leaf names no bundle"
re='^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)' case=${val[H/case]:-}
[[ $case =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ && $case != *..* && $case != *. && ! ${case,,} =~ $re ]] || die "$leaf names no case"
case $encryption in age) age=.age ;; none) age='' ;; *) die "$leaf: unknown encryption" ;; esac
[ "${val[H/signer/algorithm]:-}" = ed25519 ] || die "$leaf: unknown algorithm of signatures"
usekey "$vkey" || die "$leaf holds no good verifier key"
signer=$keyname+$keyhash
for f in README.txt verify.sh; do
  plain $f || die "$f is missing"
  [ "${val[H/files/$f]:-}" = "$(sumfile $f)" ] || die "$f is not the one that the header names"
done
[ "${count[H/files/*]:-0}" = 2 ] || die "$leaf names files that no bundle has"

declare -A known=([README.txt]=1 [verify.sh]=1)
edges=() size=0 segments=0 first=1 ended='' root=''
# grow LEAFHASH: appends to the RFC 6962 tree; edges are the roots of its complete subtrees.
grow() {
  local h=$1 n=$size
  while ((n & 1)); do h=$(nodehash "${edges[-1]}" "$h"); unset 'edges[-1]'; n=$((n >> 1)); done
  edges+=("$h"); size=$((size + 1)); root=${edges[-1]}
  for ((i = ${#edges[@]} - 2; i >= 0; i--)); do root=$(nodehash "${edges[i]}" "$root"); done
}

for ((n = 0; ; n++)); do
  leaf=$(printf 'seal/%06d.json' $n) check=$(printf 'seal/%06d.checkpoint' $n)
  plain "$leaf" || break
  [ -z "$ended" ] || die "$leaf: a leaf after the end"
  known[$leaf]=1
  if ! plain "$check"; then # a collector that died may leave one leaf without a checkpoint
    [ -f "$(printf 'seal/%06d.json' $((n + 1)))" ] && die "$check is missing"
    break
  fi
  known[$check]=1
  if [ $n -gt 0 ]; then
    IFS= read -r -d '' -n 23 top < "$leaf"; case $top in '{"format":"hozen-end/1"'*) top=E ;; *) top=S ;; esac
    readjson $top "$leaf"
    case $top:${val[$top/format]:-} in S:hozen-end/1) top=E; readjson E "$leaf" ;; E:hozen-segment/1) top=S; readjson S "$leaf" ;; esac
    [ "${val[$top/bundle]:-}" = "$bundle" ] || die "$leaf belongs to another bundle"
    case ${val[$top/format]:-} in
      hozen-segment/1)
        stated S bundle number object size sha256 items first_seq root closed
        object=${val[S/object]:-} want=${val[S/sha256]:-}
        segments=$((segments + 1))
        [ "${val[S/number]:-0}" = $n ] && [[ $want =~ ^[0-9a-f]{64}$ ]] &&
          [ "$object" = "$(printf 'segments/%06d.%s.zip%s' $n "${want:0:16}" "$age")" ] || die "$leaf: bad object name or number"
        printf -v first %u $first
        [ "${val[S/first_seq]:-0}" = "$first" ] || die "$leaf: its first record is number ${val[S/first_seq]:-0}; due here is $first"
        [[ ${val[S/items]:-0}${val[S/size]:-0} != *-* ]] || die "$leaf has a negative count or size"
        first=$((first + ${val[S/items]:-0}))
        plain "$object" || die "$object is missing"
        [ "$(stat -c %s "$object")" = "${val[S/size]:-0}" ] || die "$object does not have the size in its leaf"
        [ "$(sumfile "$object")" = "$want" ] || die "$object: its SHA-256 is not the one in its leaf"
        known[$object]=1 ;;
      hozen-end/1)
        stated E bundle state ended segments items bytes gaps key_fate
        ended=${val[E/state]:-}
        case $ended in complete | interrupted) ;; *) die "$leaf: ${ended@Q} is no state of an ended bundle" ;; esac
        [ "${val[E/segments]:-0}" = $segments ] || die "$leaf does not count $segments segments" ;;
      *) die "$leaf has a format that this script does not know" ;;
    esac
  fi
  grow "$(leafhash "$leaf")"
  printf 'hozen/bundle/%s\n%d\n%s\n' "$bundle" $size "$(unhex "$root" | base64 -w0)" > "$tmp/text"
  checknote "$check" || die "$check: not a good signature over the tree of $size leaves"
done
[ $size -gt 0 ] || die "seal/000000.checkpoint is missing"
cp "$tmp/text" "$tmp/final"
last=$(printf '%06d' $((size - 1)))
stamp='' torn='' t=seal/$last.tsr
# A collector may die over its time stamp, the last thing that it makes: before the stamp's note, and before countersignatures.
maytear=$ended
for f in "$t.note" seal/$last.cosign/*; do [ ! -e "$f" ] && [ ! -L "$f" ] || maytear=''; done
if [ -n "$maytear" ] && plain "$t"; then
  known[$t]=1 torn="$t was never completed: it proves nothing"
elif [ -n "$ended" ] && plain "$t"; then
  known[$t]=1 known[$t.note]=1
  printf 'hozen/bundle/%s/timestamp\n%s\n' "$bundle" "$(sumfile $t)" > "$tmp/text"
  plain $t.note && checknote $t.note || die "$t is not the token that the collector signed"
  # its own signature, by the certificate in it; then that what it signs is of the last checkpoint (RFC 3161, messageImprint)
  openssl cms -verify -noverify -purpose any -inform DER -in $t -out "$tmp/tst" >/dev/null 2>&1 || die "$t: its own signature does not hold"
  stamp='' signed=$(tohex < "$tmp/tst")
  for h in 256:01:20 384:02:30 512:03:40; do # the algorithm, its number and its length in DER
    hash=$(openssl dgst -sha${h%%:*} -r seal/$last.checkpoint); hash=${hash%% *}
    re="300[bd]06096086480165030402${h:4:2}(0500)?04${h:7}$hash"
    ((${#hash} >= 64)) && [[ $signed =~ $re ]] && stamp="$t holds by itself. NOT CHECKED here: whose it is, and its time (openssl ts -verify)"
  done
  [ -n "$stamp" ] || die "$t is not of the last checkpoint"
fi
cosigned=()
for f in seal/$last.cosign/*.vkey; do
  [ -n "$ended" ] && plain "$f" || continue
  [ "$(stat -c %s "$f")" -le 4096 ] || die "$f is too large"
  c=${f%.vkey} key=$(tr -d '\0\n' < "$f")
  known[$f]=1 known[$c]=1
  [ "$(printf '%s\n' "$key" | sum)" = "$(sumfile "$f")" ] && usekey "$key" && [ "${c##*/}" = "$keyhash" ] || die "$f is no good verifier key"
  if [ ! -e "$c" ] && [ ! -L "$c" ]; then # whoever countersigned died before the signature
    torn="$c was never written: its key proves nothing"
    continue
  fi
  cp "$tmp/final" "$tmp/text"
  plain "$c" && checknote "$c" || die "$c: not a good signature over the last checkpoint"
  cosigned+=("$key")
done

stray=0 loose=0 next="^$(printf 'segments/%06d' $((segments + 1)))[.][0-9a-f]{16}[.]zip${age:+[.]age}\$"
while IFS= read -r -d '' f; do
  f=${f#./}
  # a collector that died may leave temporary files, and one segment without a leaf
  if { [ -z "$ended" ] || [ -n "$maytear" ]; } && plain "$f"; then
    tail=''
    case ${f##*/} in .hozen-tmp-*) [ -z "$maytear" ] || [ "${f%/*}" = seal ] && tail=1 ;; esac
    if [ -z "$ended" ] && [ $loose = 0 ] && [[ $f =~ $next ]]; then loose=1 tail=1; fi
    [ -z "$tail" ] || { echo "after the last checkpoint: ${f@Q}"; [ -z "$maytear" ] || torn="a file beside the seal was never completed"; continue; }
  fi
  [ -n "${known[$f]:-}" ] || { printf 'not part of the seal: %q\n' "$f"; stray=$((stray + 1)); }
done < <(list() { local e; shopt -s nullglob dotglob; for e in "$1"/*; do if [ -d "$e" ] && [ ! -L "$e" ]; then list "$e"; else printf '%s\0' "$e"; fi; done; }; list .)
[ $stray = 0 ] || die "$stray files do not belong to the bundle, or a leaf before them is missing"

root64=$(unhex "$root" | base64 -w0)
if [ -n "$want_root" ]; then
  [ "$want_root" = "$root64" ] || [ "${want_root,,}" = "$root" ] || die "the root is $root64 ($root), not the one given"
fi
who='signer unknown: nobody vouched for this key here'
if [ -n "$want_key" ]; then
  for k in "$vkey" "${cosigned[@]+"${cosigned[@]}"}"; do [ "$k" = "$want_key" ] && who="signed or countersigned by the key given"; done
  case $who in signer*) die "neither signed nor countersigned by the key given" ;; esac
fi
printf 'bundle:   %s\nsegments: %d\nroot:     %s\n          %s\nsigner:   %s\n          %s\n' "$bundle" $segments "$root64" "$root" "$signer" "$vkey"
for k in "${cosigned[@]+"${cosigned[@]}"}"; do printf 'cosigned: %s\n' "$k"; done
printf '          %s\n' "$who"
[ -z "$stamp" ] || printf 'time:     %s\n' "$stamp"
if [ -n "$torn" ]; then
  echo "UNFINISHED: $torn. What the $size leaves above speak of is as it was sealed."
  exit 3
fi
if [ -z "$ended" ]; then
  echo "UNFINISHED: the collection did not reach its end. What the $size leaves above speak of is as it was sealed."
  exit 3
fi
printf 'OK: %s, all public checks passed\n' "$ended"
