#!/usr/bin/env bash
# Checks the public side of a hozen bundle (format 1) with nothing but bash, coreutils and openssl (1.1.1 or newer):
# every segment as stored, every leaf, the tree, every checkpoint and its signature, countersignatures.
# It needs no decryption key. What is inside the segments is checked by "hozen verify --identity", or by hand: see README.txt.
#
#   bash verify.sh [--root ROOT] [--vkey VKEY] [FOLDER]
#
# ROOT (base64, or 64 hex digits) and VKEY are what the examiner wrote down; without them the script shows both, and says
# nothing about who holds the key. A bundle brings its own copy of this script: prefer one that you got elsewhere.
# Exit: 0 all checks passed, 2 wrong use, 3 the bundle is unfinished (what there is passed), 4 a check failed.
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
for t in openssl sha256sum base64 mktemp tail head stat od tr cat cp rm; do
  command -v "$t" >/dev/null || { echo "this script needs $t" >&2; exit 2; }
done
cd -- "$dir" 2>/dev/null || use "no folder $dir"
[ -f seal/000000.json ] || die "seal/000000.json is missing: this is no bundle, or its header is gone"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

unhex() { local i s=''; for ((i = 0; i < ${#1}; i += 2)); do s+="\\x${1:i:2}"; done; printf "$s"; }
tohex() { od -An -v -tx1 | tr -d ' \n'; }
sum() { local s; s=$(sha256sum); printf %s "${s%% *}"; }
sumfile() { sum < "$1"; }
leafhash() { { printf '\0'; cat -- "$1"; } | sum; }
nodehash() { unhex "01$1$2" | sum; }
# field NAME FILE: a string value of the one-line JSON object; our names never stand escaped in it.
field() {
  local line; line=$(tr -d '\0' < "$2")
  local re="\"$1\":\"([^\"\\\\]*)\""
  [[ $line =~ $re ]] && printf %s "${BASH_REMATCH[1]}"
}
number() { local re="\"$1\":([0-9]+)[,}]"; [[ $(tr -d '\0' < "$2") =~ $re ]] && printf %s "${BASH_REMATCH[1]}"; }

# usekey VKEY: takes a signed-note verifier key apart into $tmp/pub.der, keyname and keyhash.
usekey() {
  local re='^([^+ ]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$'
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
  local last=$((${#note[@]} - 1)) re sig
  re='^— '"${keyname//./\\.}"' ([A-Za-z0-9+/=]+)$'
  [[ ${note[last]} =~ $re ]] || return 1
  sig=${BASH_REMATCH[1]}
  { cat "$tmp/text"; printf '\n— %s %s\n' "$keyname" "$sig"; } > "$tmp/again"
  [ "$(sumfile "$tmp/again")" = "$(sumfile "$1")" ] || return 1
  printf %s "$sig" | base64 -d > "$tmp/sig" 2>/dev/null || return 1
  [ "$(base64 -w0 < "$tmp/sig")" = "$sig" ] || return 1
  [ "$(stat -c %s "$tmp/sig")" = 68 ] && [ "$(head -c 4 "$tmp/sig" | tohex)" = "$keyhash" ] || return 1
  tail -c 64 "$tmp/sig" > "$tmp/ed"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/pub.der" -rawin -in "$tmp/text" -sigfile "$tmp/ed" >/dev/null 2>&1
}

header=seal/000000.json
[ "$(field format $header)" = hozen-header/1 ] || die "$header: not the header of a format 1 bundle"
bundle=$(field bundle $header) && [ -n "$bundle" ] || die "$header names no bundle"
vkey=$(field vkey $header) && usekey "$vkey" || die "$header holds no good verifier key"
signer=$keyname+$keyhash
for f in README.txt verify.sh; do
  [ -f $f ] || die "$f is missing"
  [ "$(field $f $header)" = "$(sumfile $f)" ] || die "$f is not the one that the header names"
done

declare -A known=([README.txt]=1 [verify.sh]=1)
edges=() size=0 segments=0 ended='' root=''
# grow LEAFHASH: appends to the RFC 6962 tree; edges are the roots of its complete subtrees.
grow() {
  local h=$1 n=$size
  while ((n & 1)); do h=$(nodehash "${edges[-1]}" "$h"); unset 'edges[-1]'; n=$((n >> 1)); done
  edges+=("$h"); size=$((size + 1)); root=${edges[-1]}
  for ((i = ${#edges[@]} - 2; i >= 0; i--)); do root=$(nodehash "${edges[i]}" "$root"); done
}

for ((n = 0; ; n++)); do
  leaf=$(printf 'seal/%06d.json' $n) check=$(printf 'seal/%06d.checkpoint' $n)
  [ -f "$leaf" ] || break
  [ -z "$ended" ] || die "$leaf: a leaf after the end"
  known[$leaf]=1
  if [ ! -f "$check" ]; then # a collector that died may leave one leaf without a checkpoint
    [ -f "$(printf 'seal/%06d.json' $((n + 1)))" ] && die "$check is missing"
    break
  fi
  known[$check]=1
  if [ $n -gt 0 ]; then
    [ "$(field bundle "$leaf")" = "$bundle" ] || die "$leaf belongs to another bundle"
    case $(field format "$leaf") in
      hozen-segment/1)
        object=$(field object "$leaf") want=$(field sha256 "$leaf") len=$(field size "$leaf")
        segments=$((segments + 1))
        re='^segments/[0-9]{6,}\.[0-9a-f]{16}\.zip(\.age)?$'
        [[ $object =~ $re ]] && [ "$(number number "$leaf")" = $n ] || die "$leaf: bad object name or number"
        [ -f "$object" ] && [ ! -L "$object" ] || die "$object is missing"
        [ "$(stat -c %s "$object")" = "$len" ] || die "$object does not have the size in its leaf"
        [ "$(sumfile "$object")" = "$want" ] || die "$object: its SHA-256 is not the one in its leaf"
        known[$object]=1 ;;
      hozen-end/1)
        ended=$(field state "$leaf")
        [ "$(number segments "$leaf")" = $segments ] || die "$leaf does not count $segments segments" ;;
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

if [ -f seal/$last.tsr ]; then # the token itself is checked with: openssl ts -verify
  known[seal/$last.tsr]=1 known[seal/$last.tsr.note]=1
  printf 'hozen/bundle/%s/timestamp\n%s\n' "$bundle" "$(sumfile seal/$last.tsr)" > "$tmp/text"
  [ -f seal/$last.tsr.note ] && checknote seal/$last.tsr.note || die "seal/$last.tsr is not the token that the collector signed"
fi
cosigned=()
for f in seal/$last.cosign/*.vkey; do
  [ -f "$f" ] || continue
  c=${f%.vkey} key=$(tr -d '\0\n' < "$f")
  [ -f "$c" ] || die "$c is missing"
  known[$f]=1 known[$c]=1
  [ "$(printf '%s\n' "$key" | sum)" = "$(sumfile "$f")" ] && usekey "$key" && [ "${c##*/}" = "$keyhash" ] || die "$f is no good verifier key"
  cp "$tmp/final" "$tmp/text"
  checknote "$c" || die "$c: not a good signature over the last checkpoint"
  cosigned+=("$key")
done

stray=0
while IFS= read -r -d '' f; do
  f=${f#./}
  # a collector that died may leave temporary files, and one segment without a leaf
  [ -z "$ended" ] && case $f in *.hozen-tmp-* | "$(printf 'segments/%06d.' $((segments + 1)))"*) echo "after the last checkpoint: ${f@Q}"; continue ;; esac
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
if [ -z "$ended" ]; then
  echo "UNFINISHED: the collection did not reach its end. What the $size leaves above speak of is as it was sealed."
  exit 3
fi
printf 'OK: %s, all public checks passed\n' "$ended"
