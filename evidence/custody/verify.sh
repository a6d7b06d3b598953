#!/bin/bash
# Checks a hozen custody log by hand: bash, coreutils and openssl (1.1.1 or later) alone.
#
#   verify.sh FOLDER [KEYS]
#
# FOLDER is the log's folder, cases/<case>/custody, or a copy of it. KEYS is a file of verifier
# keys that you vouch for, one a line (name+hash+base64; the sign.pub files that people gave you).
# What is checked, and how it could be done without this script, is told in SPEC.md.
#
# Exit codes: 0 all is well (signers may be unknown: read the output), 1 a tool or file is missing,
# 2 wrong use, 3 all is well but something can't be told, 4 the log is damaged.
export LC_ALL=C
set -u -o pipefail
shopt -s nullglob

bad=0 gaps=0
damage() { printf 'DAMAGE  %s: %s\n' "$1" "$2"; bad=1; }
gap()    { printf 'gap     %s: %s\n' "$1" "$2"; gaps=1; }
die()    { printf 'error: %s\n' "$2" >&2; exit "$1"; }

[ $# -ge 1 ] && [ $# -le 2 ] || die 2 "usage: verify.sh FOLDER [KEYS]"
for tool in openssl sha256sum base64 od head tail cmp mktemp cat tr wc rm; do
  command -v "$tool" >/dev/null || die 1 "$tool is missing"
done
declare -A known=() named=()
if [ $# -eq 2 ]; then
  [ -r "$2" ] || die 1 "$2 can't be read"
  while IFS=$' \t\r' read -r key || [ -n "$key" ]; do [ -z "$key" ] || known[$key]=1; done <"$2"
fi
[ -d "$1" ] || die 1 "$1 is no folder"
cd -- "$1" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

bytes() { local o= i; for ((i = 0; i < ${#1}; i += 2)); do o+="\\x${1:i:2}"; done; printf '%b' "$o"; } # hex to bytes
hex()   { od -An -v -tx1 | tr -d ' \n'; }                                   # bytes to hex
sum()   { local s; s=$(sha256sum); printf '%s' "${s:0:64}"; }
printable() { printf '%s' "${1//[^[:print:]]/?}"; }
# unbase64 writes the bytes of canonical base64 to a file.
unbase64() { printf '%s' "$1" | base64 -d >"$2" 2>/dev/null && [ "$(base64 -w0 <"$2")" = "$1" ]; }

key_read= key_name= key_hash=
# read_key VKEY: checks a verifier key, sets key_name and key_hash, writes $tmp/pub.pem.
read_key() {
  [ "$key_read" != "$1" ] || return 0
  key_read= key_name=MALFORMED key_hash=
  [[ $1 =~ ^([a-z0-9.-]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$ ]] || return 1
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
last=-1 covers=()
while IFS= read -r -d '' f; do
  case $f in
    entries/[0-9][0-9][0-9][0-9][0-9][0-9].note) n=${f:8:6}; n=$((10#$n)); [ $n -le $last ] || last=$n ;;
    checkpoints/[0-9][0-9][0-9][0-9][0-9][0-9].checkpoint) covers+=("$f") ;;
    receipts/*.json) [[ $f =~ ^receipts/[0-9a-f]{64}\.json$ ]] || damage "$(printable "$f")" "does not belong to a custody log" ;;
    checkpoints/[0-9][0-9][0-9][0-9][0-9][0-9].tsr|checkpoints/[0-9][0-9][0-9][0-9][0-9][0-9].cosign/*) gap "$(printable "$f")" "this script does not check it" ;;
    .hozen-tmp-*|*/.hozen-tmp-*) ;; # what a write that did not finish left
    *) damage "$(printable "$f")" "does not belong to a custody log" ;;
  esac
done < <(below '')
[ $last -ge 0 ] || for c in ${covers[@]+"${covers[@]}"}; do damage "$c" "covers an entry that is not there"; done
[ $last -ge 0 ] || { gap entries "there is no custody log"; [ $bad -eq 0 ] || exit 4; exit 3; }

S='"([^"\\]|\\.)*"'
previous=$(printf '0%.0s' {1..64}) case_id=
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
  signed "$f" "$vkey" 1 || damage "$f" "$why"
  [ "$case_of" = "$case_id" ] || damage "$f" "belongs to case $case_of"
  [ "$index" = $i ] || damage "$f" "is numbered $index"
  [ "$prev" = "$previous" ] || damage "$f" "does not follow the entry before it"
  who="SIGNER UNKNOWN"
  [ -z "${known[$vkey]:-}" ] || who=known
  printf '%6d  %s  %-10s %s, %s, %s (%s)\n' $i "$time" "$event" "$(printable "$person")" "$role" "$key_name+$key_hash" "$who"
  previous=$(sum <"$f")
  grow "$f"
  if [[ $line =~ \"receipt\":\{\"object\":\"receipts/([0-9a-f]{64})\.json\",\"size\":\"([0-9]+)\",\"sha256\":\"([0-9a-f]{64})\"\} ]]; then
    r=receipts/${BASH_REMATCH[1]}.json
    named[$r]=1
    [ -f "$r" ] && [ ! -L "$r" ] && [ "$(sum <"$r")" = "${BASH_REMATCH[3]}" ] && [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[3]}" ] ||
      damage "$r" "is missing or not the one that $f names"
  fi
  if [ ! -e "$c" ] && [ ! -L "$c" ]; then gap "$c" "there is none"; continue; fi
  if [ -L "$c" ] || ! signed "$c" "$vkey" 3; then
    damage "$c" "not signed by the actor of $f: ${why:-it is a link}"
  elif ! printf 'hozen/custody/%s\n%d\n%s\n' "$case_id" $size "$(root)" | cmp -s - "$tmp/text"; then
    damage "$c" "shows another tree than the entries make"
  fi
done
for c in checkpoints/*.checkpoint; do
  n=${c:12:6}
  [ $((10#$n)) -ge 1 ] && [ $((10#$n)) -le $((last + 1)) ] || damage "$c" "covers an entry that is not there"
done
for r in receipts/*.json; do
  [ -n "${named[$r]:-}" ] || gap "$r" "no entry names it"
done
if [ $bad -ne 0 ]; then echo "The custody log is DAMAGED."; exit 4; fi
printf 'case %s: %d entries, root %s\n' "$case_id" $size "$(root)"
if [ $gaps -ne 0 ]; then echo "Nothing is damaged, but see the gaps above."; exit 3; fi
echo "Every entry, signature, link and checkpoint is as it should be."
