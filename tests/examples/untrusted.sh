#!/bin/sh
# SPDX-License-Identifier: MIT
# untrusted prints what films hold, and lists those that its parser crashes on, or never ends with.
. "$srcdir/tests/support/tap.sh"
untrusted=$(program examples/untrusted)
unset PARALLEL_NUM_THREADS
ulimit -S -s 8192 2>/dev/null # what deep.mp4 is to fill
ulimit -S -c 0                # crashes are what is wanted, and are not to be kept
cd "$work" || exit 99

# ---- films --------------------------------------------------------------------------------------------------------

numbers() { # N...: of 32 bits each, the most significant byte first
    for n in "$@"; do
        # shellcheck disable=SC2059
        printf "$(printf '\\%03o' $((n >> 24 & 255)) $((n >> 16 & 255)) $((n >> 8 & 255)) $((n & 255)))"
    done
}
box() { # TYPE FILE...: a box that holds these files
    type=$1
    shift
    cat "$@" >content
    numbers $(($(wc -c <content) + 8))
    printf %s "$type"
    cat content
}
track() { # SCALE SAMPLES DURATION...
    numbers 0 0 0 "$1" 0 0 >mdhd.content
    shift
    { numbers 0 $(($# / 2)); numbers "$@"; } >stts.content
    box mdhd mdhd.content >mdhd
    box stts stts.content >stts
    box stbl stts >stbl
    box minf stbl >minf
    box mdia mdhd minf >mdia
    box trak mdia
}
film() { # FILE...: a film of these tracks
    printf 'isom\000\000\002\000mp41' >ftyp.content
    box ftyp ftyp.content
    head -c 5000 /dev/urandom >mdat.content
    box mdat mdat.content
    box moov "$@"
}

mkdir good bad
track 1000 250 40 >picture
track 48000 470 1024 2 512 >sound
film picture >good/silent.mp4
film picture sound >good/sound.mp4
cp good/sound.mp4 "good/with space.mp4"

film picture sound >bad/empty-box.mp4 # which ends where it begins
printf '\000\000\000\000free' >>bad/empty-box.mp4
{ numbers 0 4294967295; } >stts.content # of which there are two
box stts stts.content >stts
film stts >bad/table.mp4
printf '\177\377\377\377moov' >deep # boxes in boxes
i=0
while [ $i -lt 19 ]; do
    cat deep deep >deeper && mv deeper deep
    i=$((i + 1))
done
film picture >bad/deep.mp4
cat deep >>bad/deep.mp4
echo "no film at all" >bad/text

# ---- what becomes of them ------------------------------------------------------------------------------------------

run() { # STATUS ARGUMENTS...: what is printed is in ./out
    expected=$1
    shift
    status=0
    "$untrusted" "$@" >out 2>errors || status=$?
    cat out errors
    [ $status -eq "$expected" ] && [ ! -s errors ]
}
says() { # LINE...: and nothing else
    printf '%s\n' "$@" >expected
    diff expected out
}
matches() { # LINE-OF-OUT REGULAR-EXPRESSION
    sed -n "$1p" out | grep -E "^$2\$"
}
silent="good/silent.mp4: isom, 9 boxes, 1 tracks, 10.00 s"
sound="good/sound.mp4: isom, 15 boxes, 2 tracks, 10.05 s"
space="good/with space.mp4: isom, 15 boxes, 2 tracks, 10.05 s"

check "good films only" run 0 good
check "... are printed" says "$silent" "$sound" "$space"
check "files by name, twice, and one that is no film" run 1 bad/text good/sound.mp4 good/silent.mp4 bad/text
check "... are listed once" says "$silent" "$sound" "1 of 3 files are not in order:" "bad/text: not an MP4 file"

# AddressSanitizer ends a worker that reads beyond its buffer before the system does.
crash='killed by signal 11 \(Segmentation fault.*\)'
case $SANITIZERS in
*address*) crash='(exited with status [1-9][0-9]*|killed by signal [0-9]+ .*)' ;;
esac
limit=1
[ -z "$SANITIZERS" ] || limit=6
ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}symbolize=0"
export ASAN_OPTIONS
several() { # what AddressSanitizer says goes to ./errors, and what an emulator does of a signal
    status=0
    "$untrusted" -t $limit good bad >out 2>errors || status=$?
    cat out errors
    [ $status -eq 1 ] && { [ -n "$SANITIZERS$EMULATOR" ] || [ ! -s errors ]; }
}
for n in 1 2 5; do
    PARALLEL_NUM_THREADS=$n
    export PARALLEL_NUM_THREADS
    check "good ones and bad ones, $n workers" several
    check "... the good ones are printed" test "$(sed -n 1,3p out)" = "$silent
$sound
$space"
    check "... and the others counted" matches 4 "4 of 7 files are not in order:"
    check "... boxes within boxes fill the stack" matches 5 "bad/deep.mp4: $crash"
    check "... an empty box is a loop without end" matches 6 "bad/empty-box.mp4: timed out"
    check "... a table does not end with its file" matches 7 "bad/table.mp4: $crash"
    check "... what is no film is said to be none" matches 8 "bad/text: not an MP4 file"
    check "... and that is all" test "$(wc -l <out)" -eq 8
done
unset PARALLEL_NUM_THREADS

status=0
"$untrusted" good none >out 2>errors || status=$?
check "a file that is not there is no reason to begin" test $status -eq 2
check "... which is said" grep -q '^none: No such file' errors
status=0
"$untrusted" >out 2>errors || status=$?
check "no file: exit status 2" test $status -eq 2
refuse "an unknown option" "$untrusted" -x good
refuse "no time at all" "$untrusted" -t 0 good
done_testing
