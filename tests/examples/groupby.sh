#!/bin/sh
# SPDX-License-Identifier: MIT
# groupby prints what awk does, and the same with any number of workers.
. "$srcdir/tests/support/tap.sh"
groupby=$(program examples/groupby)
unset PARALLEL_NUM_THREADS
cd "$work" || exit 99

expected() { # KEY VALUE FILE: columns, from 1
    ${AWK:-awk} -F, -v k="$1" -v v="$2" 'NR > 1 { count[$k]++; sum[$k] += $v }
        END { for (key in sum) printf "%s,%d,%.2f\n", key, count[key], sum[key] }' "$3" | sort -s -t, -k1,1
}
same() { # KEY VALUE FILE: of sales
    names="id region customer amount"
    "$groupby" "$(echo "$names" | cut -d' ' -f"$1")" "$(echo "$names" | cut -d' ' -f"$2")" "$3" >ours &&
        tail -n +2 ours >rows && expected "$1" "$2" "$3" | cmp - rows
}
fails() { # STATUS ARGUMENTS...
    status=$1
    shift
    "$groupby" "$@" >ours 2>errors
    test $? -eq "$status"
}

# Amounts are multiples of a quarter, so that sums are exact in whatever order.
${AWK:-awk} 'BEGIN {
    srand(1)
    print "id,region,customer,amount"
    for (i = 0; i < 200000; i++)
        printf "%d,region%d,c%05d,%.2f\n", i, int(rand() * 50), int(rand() * 20000), int(rand() * 8000 - 1000) / 4
}' >sales
for n in 1 2 5; do
    PARALLEL_NUM_THREADS=$n
    export PARALLEL_NUM_THREADS
    check "few keys, $n workers" same 2 4 sales
    check "many keys, $n workers" same 3 4 sales
    check "as many as rows, $n workers" same 1 4 sales
done
unset PARALLEL_NUM_THREADS
check "there are many" test "$(wc -l <ours)" -eq 200001
check "a header" test "$(head -n 1 ours)" = "id,count,amount"
check "the key is the value" same 4 4 sales

# Thousandths are not exact: how they are rounded depends on the order of additions, which is always the same.
${AWK:-awk} 'BEGIN { srand(2); print "region,tenths"; for (i = 0; i < 300000; i++) printf "r%d,%.3f\n", i % 7, rand() * 1e12 }' >tenths
for n in 1 2 5; do
    PARALLEL_NUM_THREADS=$n "$groupby" region tenths tenths >"tenths$n"
done
check "sums that are rounded" test "$(wc -l <tenths1)" -eq 8
check "... are the same with 2 workers" cmp tenths1 tenths2
check "... and with 5" cmp tenths1 tenths5

printf 'id,region,customer,amount\n1,,a,2\n2,,b\n3,x,c,many\n4,x\n5,x,d,-12.5e1\n6,y,e, 7\n7,y,f,+3\n8,y,g,12345678901234567890\n9,z,h,-.25\n10,z,,.\n11,z,h,5.\n12,y,h,7 up' >odd
check "columns that are empty, missing, odd" same 2 4 odd
printf 'id,region,customer,amount\r\n1,a,b,2.5\r\n2,a,b,3\r\n' >crlf
crlf() {
    test "$("$groupby" region amount crlf)" = "region,count,amount
a,2,5.50"
}
check "lines that end in two bytes" crlf
printf 'id,region,customer,amount\n' >header
check "no rows" same 2 4 header
: >empty
check "no header: exit status 1" fails 1 region amount empty
check "no such column: exit status 1" fails 1 region amounts sales
check "... is reported" grep -q "^groupby: there is no column 'amounts'" errors
check "a file that is not there: exit status 2" fails 2 region amount gone
check "... is reported" grep -q '^groupby: cannot read: gone: No such file' errors
check "too few arguments: exit status 2" fails 2 region amount
refuse "a full disk" sh -c "'$groupby' region amount sales >/dev/full"
done_testing
