dist_man_MANS += man/parallel.3
EXTRA_DIST += docs/design.md
