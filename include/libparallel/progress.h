/* SPDX-License-Identifier: MIT */
/* A progress bar on the terminal. */
#ifndef LIBPARALLEL_PROGRESS_H
#define LIBPARALLEL_PROGRESS_H

#include <libparallel/base.h>

PARALLEL_BEGIN_DECLS

/**
 * For the option `progress`: draws a bar on the terminal, with tasks done and in all, how many a second, the time left,
 * and failures:
 *
 *     parallel_map(fetch, urls, n, .progress = parallel_progress_bar, .progress_data = "fetching");
 *
 * It is drawn on standard error, and only if that is a terminal that can move its cursor (not a TERM that is "dumb"),
 * with the program in its foreground. While the call runs it sits on the line below the one that the program is writing
 * on, so that lines which the program prints come out whole, above it. When the call ends, its last state is left
 * behind as a line of its own. It is in colour and in eighths of a column where the terminal has them: by TERM, the
 * locale (UTF-8) and NO_COLOR (no-color.org); elsewhere it is plain ASCII.
 *
 * Of lines that come quicker than the bar is drawn, the second after each time is printed over the bar; what is right
 * of it then stays. The bar leaves the left of a wide terminal free for it. While a thread has locked stdout or
 * stderr with flockfile(), no bar is drawn between the lines that it prints.
 *
 * May be called from a program's own callback, too; and elsewhere, where it knows neither rates nor times. From any
 * thread. Leaves errno alone. Does not wait for a terminal that is stopped, but when the call ends.
 *
 * @param done          how many tasks have ended
 * @param total         of so many
 * @param progress_data a title, a string; or NULL
 */
PARALLEL_API void parallel_progress_bar(size_t done, size_t total, void *progress_data);

PARALLEL_END_DECLS

#endif
