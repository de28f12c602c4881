dist_man_MANS += man/parallel.3
if HAVE_MPI
dist_man_MANS += man/parallel_mpi.3
endif

# `man parallel_map` and the like: the functions of the synopsis
man_names = sed -n '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/s/.*[ *]\(parallel_[a-z_]*\)(.*/\1/p' '$(srcdir)/man/parallel.3'

install-data-hook:
	for name in `$(man_names)`; do ln -sf parallel.3 "$(DESTDIR)$(man3dir)/$$name.3" || exit 1; done
uninstall-hook:
	for name in `$(man_names)`; do rm -f "$(DESTDIR)$(man3dir)/$$name.3"; done
