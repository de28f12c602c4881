#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# orders.pl SRCDIR WORK [LABEL...]: weakens each memory order of the sources that the interleaving tester runs, one
# after the other, that of a seq_cst read-modify-write operation to acq_rel and to each half of that, and lets the
# tester look: with one preemption, and with two where that finds nothing. What it does not find must be in orders.txt:
# "LABEL weaker by BOUNDS SCENARIO", if it finds it there, or "LABEL weaker,...: reason". CC, CFLAGS and JOBS are taken
# from the environment. ./dev model --orders calls it.
use strict;
use warnings;
use File::Copy;
use File::Path qw(make_path);

my ($srcdir, $work, @labels) = @ARGV;
my $cc = $ENV{CC} // 'gcc';
my $jobs = $ENV{JOBS} // 1;

# Those words of what the makefile sets a variable to.
sub words_of {
    my ($variable, $pattern) = @_;
    my ($value) = slurp("$srcdir/tests/local.mk") =~ /^$variable = (.*?[^\\])$/ms;
    return $value =~ /$pattern/g;
}

my @tester = words_of('libexplore_la_SOURCES', qr{[a-z/_]+\.c});
my @sources = words_of('tests_model_model_SOURCES', qr{[a-z/_]+\.c});
my $watched = join ' ', words_of('tests_model_model_CPPFLAGS', qr{-[fUD]\S+});
my @headers = ('include/libparallel/detail/slot.h', 'src/base/publish.h', 'src/stream/ring.h', 'src/stream/stream.h',
    map { "src/sched/$_.h" } qw(handoff latch range pool cost stop watch));
sub compile {
    my ($place, @files) = @_;
    for my $file (@files) {
        my ($name) = $file =~ m{([^/]*)\.c$};
        my $how = grep({ $_ eq $file } @tester) ? '-DPL_MODEL -DPL_DEBUG' : $watched;
        system("$cc -O1 -g0 -std=c11 -w -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 $how " .
            "-DPARALLEL_TASK_COPIES=1 -I$place/src -I$place/include -I$place/tests -c $place/$file " .
            "-o $place/objects/$name.o") == 0 or die "$file does not compile\n";
    }
    system("$cc $place/objects/*.o -o $place/model") == 0 or die "no tester\n";
}

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return <$in>;
}

sub spew {
    my ($file, $text) = @_;
    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out;
}

# Of the operation that has this order: the weaker ones.
sub weaker {
    my ($operation, $order) = @_;
    return ('none') if $operation eq 'signal_fence';
    return ('relaxed') if $order eq 'acquire' || $order eq 'release';
    return ('acquire', 'release') if $order eq 'acq_rel';
    return ('acquire') if $operation eq 'load';
    return ('release') if $operation eq 'store';
    return ('acq_rel', 'acquire', 'release'); # without its place in the one order, and without one half, too
}

# All the ways to weaken one order: file, place in it, length, new text, label, description.
sub mutants {
    my @found;
    for my $file (grep({ m{^src/} } @sources), @headers) {
        my $text = slurp("$srcdir/$file");
        my $at = -1;
        while ($text =~ /memory_order_(seq_cst|acq_rel|acquire|release)/g) {
            my ($start, $order) = ($-[0], $1);
            my $before = substr($text, 0, $start);
            my ($operation) = $before =~ /.*atomic_(\w+?)(?:_explicit)?\(/s;
            my ($label) = $before =~ /.*\/\* ([A-Z]+\d+)\b/s;
            for my $new (weaker($operation, $order)) {
                my ($from, $length, $with) = ($start, length "memory_order_$order", "memory_order_$new");
                if ($new eq 'none') {
                    $from = rindex($before, 'atomic_signal_fence');
                    ($length, $with) = (index($text, ';', $from) - $from, '');
                }
                push @found, [$file, $from, $length, $with, $label, "$operation $order -> $new"];
            }
        }
    }
    return @found;
}

# What orders.txt calls it.
sub key {
    my ($label, $what) = @_;
    my ($new) = $what =~ /(\w+)$/;
    return "$label $new";
}

my (%explained, %deeper);
for (split /\n/, slurp("$srcdir/tests/model/orders.txt")) {
    if (/^(\w+) ([\w,]+): (.*)/) {
        my ($label, $weaker, $reason) = ($1, $2, $3);
        $explained{"$label $_"} = $reason for split /,/, $weaker;
    }
    $deeper{"$1 $2"} = "$3 '$4'" if /^(\w+) (\w+) by ([\d,]+) (.*)/;
}
make_path("$work/base/objects");
system("cp -R $srcdir/src $srcdir/include $work/base && mkdir -p $work/base/tests && " .
    "cp -R $srcdir/tests/model $work/base/tests && chmod -R u+w $work/base") == 0 or die "no copy\n";
compile("$work/base", @tester, @sources);

my @all = mutants();
@all = grep { my $m = $_; grep { $m->[4] eq $_ } @labels } @all if @labels;
my @pids;
for my $job (0 .. $jobs - 1) {
    my $pid = fork // die "fork: $!\n";
    if ($pid) {
        push @pids, $pid;
        next;
    }
    my $place = "$work/place$job";
    system("rm -rf $place && cp -R $work/base $place") == 0 or die "no copy\n";
    for (my $i = $job; $i < @all; $i += $jobs) {
        my ($file, $from, $length, $with, $label, $what) = @{$all[$i]};
        my $text = slurp("$srcdir/$file");
        substr($text, $from, $length) = $with;
        spew("$place/$file", $text);
        compile($place, $file =~ /\.c$/ ? $file : @sources);
        my $key = key($label, $what);
        my $then = $deeper{$key} // ($explained{$key} ? undef : '2,1,2');
        my $status = 0;
        $status ||= system("$place/model --bounds=$_ >$place/log 2>&1") for '1,1,2', $then // ();
        my ($finding) = slurp("$place/log") =~ /^(?!ok)(\w+: .*)/m;
        copy("$srcdir/$file", "$place/$file");
        if ($file =~ /\.c$/) {
            my ($name) = $file =~ m{([^/]*)\.c$};
            copy("$work/base/objects/$name.o", "$place/objects/$name.o");
        } else {
            system("cp $work/base/objects/*.o $place/objects") == 0 or die "no copy\n";
        }
        spew("$work/result$i", "$label $what: " . ($status ? $finding // 'fails' : 'NOT FOUND') . "\n");
        syswrite(STDERR, slurp("$work/result$i"));
    }
    exit 0;
}
waitpid $_, 0 for @pids;

my ($found, $reasons, $failed) = (0, 0, 0);
for my $i (0 .. $#all) {
    my ($label, $what) = @{$all[$i]}[4, 5];
    my $result = -e "$work/result$i" ? slurp("$work/result$i") : "$label $what: not tried\n";
    my $reason = $explained{key($label, $what)};
    if ($result =~ /: NOT FOUND$/) {
        $reason ? $reasons++ : $failed++;
        $result =~ s/NOT FOUND/not needed: $reason/ if $reason;
    } elsif ($result =~ /not tried/) {
        $failed++;
    } else {
        $found++;
        $result =~ s/$/, and tests\/model\/orders.txt need not explain it/m if $reason;
    }
    print(($result =~ /NOT FOUND|not tried/ ? 'not ok' : 'ok'), ' ', $i + 1, " - $result");
}
print '1..', scalar @all, "\n# $found found, $reasons explained, $failed neither\n";
exit($failed > 0);
