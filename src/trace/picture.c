/* SPDX-License-Identifier: MIT */
/*
 * The picture of a timeline. A row is a thread, cut into columns of time; in each column, what the thread did is
 * stacked from below by its share: the functions that it ran, in colours of their own, then waiting, searching,
 * sleeping. So what is too short to be seen is in the picture by its share. The stack is drawn from the top: the area
 * up to and with one kind over the area up to the next. An area is a path of steps, which has nothing to say while
 * nothing changes; if paths come to too many bytes, there are fewer columns.
 *
 * The colours are those of Okabe and Ito ("Color Universal Design", 2008), which people tell apart however they see
 * colours.
 */
#include "trace/picture.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sched/trace_name.h"
#include "trace/findings.h"

/* ---- measures -------------------------------------------------------------------------------------------- */

enum {
    WIDTH = 1100,
    LEFT = 110, /* names of threads */
    PLOT = 720, /* the columns */
    ROW = 20,   /* the height of a row, */
    PITCH = 28, /* and from one to the next */
    TOP = 74,   /* above the lanes of calls */
    LANE = 16,  /* a lane of calls */
    LANES = 4,  /* how many there are at most */
    MOST_ROWS = 64,
    MOST_CALLS = 60, /* that are drawn */
    LETTER = 7,      /* the width of one, about */
    LEAST_COLUMNS = 40
};
/* What the rows may come to in bytes. */
#define MOST_BYTES 70000

/* What is stacked, from below. */
enum { NAMED = 4, OTHERS = NAMED, WAITING, SEARCHING, ASLEEP, LAYERS };
static const char *const colours[LAYERS] = {"#0072B2", "#009E73", "#CC79A7", "#56B4E9",
                                            "#7F7F7F", "#D55E00", "#F0E442", "#DDDDDD"};

/* What is drawn. */
typedef struct picture {
    const pl_timeline *t;
    uint64_t lasted; /* in ticks, 1 or more */
    size_t rows;
    uint64_t names[NAMED]; /* the functions with colours of their own; 0: none */
    uint64_t name_ticks[NAMED];
    uint64_t layer_ticks[LAYERS];
} picture;

/* Text. What is not ASCII becomes a question mark, but for the sign of micro. */
static void write_text(FILE *file, const char *text)
{
    for (; *text; text++) {
        if (*text == '<' || *text == '&' || *text == '>')
            fprintf(file, "&#%d;", *text);
        else if (*text == '\302' && text[1] == '\265')
            fputs("&#181;", file), text++;
        else
            fputc(*text < ' ' || *text > '~' ? '?' : *text, file);
    }
}

/* A place on the time axis, in pixels of `width`. */
static unsigned place_of(const picture *p, uint64_t ticks, unsigned width)
{
    uint64_t since = ticks - p->t->from;
    return (unsigned)((double)since * width / (double)p->lasted);
}

/* ---- functions ------------------------------------------------------------------------------------------- */

/* The name of what runs: of a task, or an end of a stream, its own; of a chunk, its call's. */
static uint64_t name_of(const pl_timeline *t, const pl_trace_event *e)
{
    if (pl_trace_kind_of(e) == PL_TRACE_TASK || pl_trace_kind_of(e) == PL_TRACE_END)
        return e->b;
    const pl_timeline_call *call = pl_timeline_call_of(t, pl_trace_call_of(e));
    return call ? call->name : 0;
}

/* How long each function ran, by the index of its name. */
typedef struct times {
    const pl_timeline *t;
    uint64_t of[PL_TRACE_NAMES + 1];
} times;

static void add_time(void *ctx, pl_state state, const pl_trace_event *event, uint64_t from, uint64_t to)
{
    times *sums = ctx;
    uint64_t name = state == PL_STATE_BUSY ? name_of(sums->t, event) : 0;
    if (name < sizeof sums->of / sizeof sums->of[0])
        sums->of[name] += to - from;
}

/* Those that ran longest get the colours. */
static void choose_names(picture *p)
{
    times *sums = calloc(1, sizeof *sums);
    if (!sums)
        return;
    sums->t = p->t;
    for (size_t r = 0; r < p->t->row_count; r++)
        pl_timeline_sweep(&p->t->rows[r], p->t->from, p->t->to, add_time, sums);
    for (int k = 0; k < NAMED; k++) {
        size_t best = 0;
        sums->of[0] = 0;
        for (size_t i = 1; i < sizeof sums->of / sizeof sums->of[0]; i++)
            best = sums->of[i] > sums->of[best] ? i : best;
        p->names[k] = best;
        p->name_ticks[k] = sums->of[best];
        sums->of[best] = 0;
    }
    free(sums);
}

static int layer_of(const picture *p, pl_state state, const pl_trace_event *event)
{
    if (state != PL_STATE_BUSY)
        return state == PL_STATE_WAITING ? WAITING : state == PL_STATE_SEARCHING ? SEARCHING : ASLEEP;
    uint64_t name = name_of(p->t, event);
    for (int k = 0; k < NAMED; k++)
        if (name && p->names[k] == name)
            return k;
    return OTHERS;
}

/* ---- rows ------------------------------------------------------------------------------------------------ */

/* How much of each column of a row is of which layer, in columns. */
typedef struct columns {
    const picture *p;
    unsigned count;
    float (*of)[LAYERS];
} columns;

static void add_columns(void *ctx, pl_state state, const pl_trace_event *event, uint64_t from, uint64_t to)
{
    columns *c = ctx;
    if (state == PL_STATE_NONE)
        return;
    int layer = layer_of(c->p, state, event);
    double scale = (double)c->count / (double)c->p->lasted;
    double begin = (double)(from - c->p->t->from) * scale, end = (double)(to - c->p->t->from) * scale;
    for (unsigned i = (unsigned)begin; i < c->count && i < end; i++) {
        double low = begin > i ? begin : i, high = end < i + 1 ? end : i + 1;
        c->of[i][layer] += (float)(high - low);
    }
}

/* The height of the stack up to a layer, in a column. */
static int height_at(const columns *c, unsigned column, int layer)
{
    float sum = 0;
    for (int k = 0; k <= layer; k++)
        sum += c->of[column][k];
    int height = (int)(sum * ROW + .5F);
    return height < ROW ? height : ROW;
}

/* Whether any of a layer shows. */
static bool has_layer(const columns *c, int layer)
{
    for (unsigned i = 0; i < c->count; i++)
        if (height_at(c, i, layer) != (layer ? height_at(c, i, layer - 1) : 0))
            return true;
    return false;
}

static void write_layer(FILE *file, const columns *c, int layer, unsigned y)
{
    int height = 0;
    fprintf(file, "<path fill=\"%s\" d=\"M%d %u", colours[layer], LEFT, y + ROW);
    for (unsigned i = 0; i < c->count; i++) {
        int next = height_at(c, i, layer);
        if (next != height)
            fprintf(file, "H%uV%u", LEFT + i * PLOT / c->count, y + ROW - (unsigned)next);
        height = next;
    }
    fprintf(file, "H%dV%uz\"/>\n", LEFT + PLOT, y + ROW);
}

static unsigned percent_of(uint64_t part, uint64_t of)
{
    return of ? (unsigned)((double)part * 100 / (double)of + .5) : 0;
}

/* A row's name, and at its right what it comes to. */
static void write_row_text(FILE *file, const picture *p, const pl_timeline_row *row, unsigned y)
{
    char text[PL_FINDINGS_TIME];
    const uint64_t numbers[] = {row->chunks, row->steals, row->sleeps};
    fprintf(file, "<text x=\"%d\" y=\"%u\" class=\"r\">", LEFT - 8, y + 14);
    write_text(file, row->name);
    fprintf(file, "</text><text x=\"%d\" y=\"%u\" class=\"r\">%u %%</text>", LEFT + PLOT + 60, y + 14,
            percent_of(row->in_state[PL_STATE_BUSY], p->lasted));
    for (unsigned k = 0; k < 3; k++)
        fprintf(file, "<text x=\"%u\" y=\"%u\" class=\"r\">%s</text>", LEFT + PLOT + 125 + 60 * k, y + 14,
                pl_findings_count(text, numbers[k]));
    fputc('\n', file);
}

static void write_rows(FILE *file, const picture *p, unsigned count, unsigned top)
{
    columns c = {.p = p, .count = count, .of = malloc(count * sizeof *c.of)};
    for (size_t r = 0; r < p->rows && c.of; r++) {
        unsigned y = top + (unsigned)r * PITCH;
        memset(c.of, 0, count * sizeof *c.of);
        pl_timeline_sweep(&p->t->rows[r], p->t->from, p->t->to, add_columns, &c);
        fprintf(file, "<rect x=\"%d\" y=\"%u\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#BBB\"/>\n", LEFT, y,
                PLOT, ROW);
        for (int layer = LAYERS; layer-- > 0;)
            if (has_layer(&c, layer))
                write_layer(file, &c, layer, y);
        write_row_text(file, p, &p->t->rows[r], y);
    }
    free(c.of);
}

/* The rows, with as many columns as there is room for. NULL if there is no memory. */
static char *draw_rows(const picture *p, unsigned top)
{
    for (unsigned count = PLOT;; count /= 2) {
        char *text = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&text, &size);
        if (!file)
            return NULL;
        write_rows(file, p, count, top);
        if (fclose(file) != 0 || size <= MOST_BYTES || count <= LEAST_COLUMNS)
            return text;
        free(text);
    }
}

/* ---- calls ----------------------------------------------------------------------------------------------- */

static int compare_lengths(const void *a, const void *b)
{
    const pl_timeline_call *x = a, *y = b;
    uint64_t of_x = x->to - x->from, of_y = y->to - y->from;
    return of_x > of_y ? -1 : of_x < of_y;
}

/* The first lane whose calls do not overlap with this one, and the gap before the next; LANES: none. */
static unsigned lane_of(const pl_timeline_call *calls, const unsigned *lanes, size_t i)
{
    unsigned lane = 0;
    for (size_t k = 0; k < i && lane < LANES; k++) {
        if (lanes[k] == lane && calls[k].from < calls[i].to && calls[i].from < calls[k].to) {
            lane++;
            k = (size_t)-1;
        }
    }
    return lane;
}

static void write_call(FILE *file, const picture *p, const pl_timeline_call *call, unsigned lane)
{
    char time[PL_FINDINGS_TIME], name[80];
    uint64_t cpus = pl_timeline_cpus(call);
    unsigned x = place_of(p, call->from, PLOT), end = place_of(p, call->to, PLOT), y = TOP + lane * LANE;
    unsigned width = end > x ? end - x : 1;
    pl_findings_time(time, pl_timeline_ns(p->t, p->t->from + call->to - call->from));
    fprintf(file, "<g><title>");
    write_text(file, pl_trace_name_at(call->name));
    fprintf(file, ", n = %" PRIu64 ", %" PRIu64 " chunks, ", call->items, call->chunks);
    write_text(file, time);
    fprintf(file, ", %u.%02u CPUs", (unsigned)(cpus / 100), (unsigned)(cpus % 100));
    if (call->outcome)
        fputs(", ", file), write_text(file, strerror(call->outcome));
    fprintf(file, "</title><rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"13\" class=\"%s\"/>", LEFT + x, y, width,
            call->outcome ? "f" : "c");
    size_t letters = width / LETTER;
    if (letters >= 3) {
        snprintf(name, sizeof name, "%s", pl_trace_name_at(call->name));
        if (letters < sizeof name)
            name[letters] = 0;
        fprintf(file, "<text x=\"%u\" y=\"%u\">", LEFT + x + 3, y + 11);
        write_text(file, name);
        fputs("</text>", file);
    }
    fputs("</g>\n", file);
}

/* The longest calls. Returns how many lanes they take. */
static unsigned write_calls(FILE *file, const picture *p)
{
    size_t count = p->t->call_count, drawn = count < MOST_CALLS ? count : MOST_CALLS;
    pl_timeline_call *calls = count ? malloc(count * sizeof *calls) : NULL;
    unsigned lanes[MOST_CALLS], most = 0;
    if (!calls)
        return 0;
    memcpy(calls, p->t->calls, count * sizeof *calls);
    qsort(calls, count, sizeof *calls, compare_lengths);
    for (size_t i = 0; i < drawn; i++) {
        lanes[i] = lane_of(calls, lanes, i);
        if (lanes[i] == LANES)
            continue;
        most = lanes[i] + 1 > most ? lanes[i] + 1 : most;
        write_call(file, p, &calls[i], lanes[i]);
    }
    free(calls);
    return most;
}

/* The same, to be written later. NULL if there is no memory. */
static char *draw_calls(const picture *p, unsigned *lanes)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return NULL;
    *lanes = write_calls(file, p);
    fclose(file);
    return text;
}

/* ---- around the rows ------------------------------------------------------------------------------------- */

/* The time axis, with some ten marks at round times. */
static void write_axis(FILE *file, const picture *p, unsigned top, unsigned bottom)
{
    char text[PL_FINDINGS_TIME];
    uint64_t all = pl_timeline_ns(p->t, p->t->from + p->lasted), step = 1;
    while (step * 10 < all)
        step *= step * 2 >= all / 10 ? 2 : step * 5 >= all / 10 ? 5 : 10;
    for (uint64_t at = 0; at <= all; at += step) {
        unsigned x = LEFT + (unsigned)((double)at * PLOT / (double)(all ? all : 1));
        fprintf(file, "<path class=\"a\" d=\"M%u %uV%u\"/><text x=\"%u\" y=\"%u\" class=\"m\">", x, top, bottom, x,
                bottom + 14);
        write_text(file, at ? pl_findings_time(text, at) : "0");
        fputs("</text>\n", file);
    }
}

/* One entry of the legend. Returns where the next begins. */
static unsigned write_key(FILE *file, unsigned x, unsigned y, int layer, const char *name, unsigned part)
{
    char text[96];
    snprintf(text, sizeof text, "%s %u %%", name, part);
    fprintf(file, "<rect x=\"%u\" y=\"%u\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"%u\" y=\"%u\">", x, y,
            colours[layer], x + 16, y + 10);
    write_text(file, text);
    fputs("</text>\n", file);
    return x + 34 + (unsigned)strlen(text) * LETTER;
}

/* What the colours mean, and what part of the time of all threads that was. */
static void write_legend(FILE *file, const picture *p, unsigned y)
{
    static const char *const names[] = {"waiting for others", "searching", "asleep"};
    uint64_t all = 0, sums[PL_STATES] = {0}, named = 0;
    unsigned x = LEFT;
    for (size_t r = 0; r < p->t->row_count; r++)
        for (int s = 0; s < PL_STATES; s++)
            sums[s] += p->t->rows[r].in_state[s];
    for (int s = 0; s < PL_STATES; s++)
        all += sums[s];
    for (int k = 0; k < NAMED && p->names[k]; k++) {
        named += p->name_ticks[k];
        x = write_key(file, x, y, k, pl_trace_name_at(p->names[k]), percent_of(p->name_ticks[k], all));
    }
    if (sums[PL_STATE_BUSY] > named)
        write_key(file, x, y, OTHERS, "others", percent_of(sums[PL_STATE_BUSY] - named, all));
    x = LEFT;
    for (int s = PL_STATE_WAITING; s < PL_STATES; s++)
        x = write_key(file, x, y + 20, WAITING + s - PL_STATE_WAITING, names[s - PL_STATE_WAITING],
                      percent_of(sums[s], all));
}

/* Of all but streams, which come last: these are among the calls. */
static size_t count_rows(const pl_timeline *t)
{
    size_t count = t->row_count;
    while (count && t->rows[count - 1].events.place == PL_TRACE_STREAM)
        count--;
    return count;
}

static void write_head(FILE *file, const picture *p, unsigned height)
{
    char text[400], time[PL_FINDINGS_TIME];
    pl_findings_write(p->t, text, sizeof text);
    char *because = strstr(text, " because");
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n<style>.r{text-anchor:end}.m{text-anchor:middle}"
            ".a{stroke:#BBB;fill:none}.c{fill:#FFF;stroke:#444}.f{fill:#FFF;stroke:#D55E00;stroke-width:2}"
            ".h{fill:#555}</style>\n<rect width=\"%d\" height=\"%u\" fill=\"#FFF\"/>\n<title>",
            WIDTH, height, WIDTH, height, WIDTH, height);
    write_text(file, text);
    fputs("</title>\n<text x=\"12\" y=\"22\" font-size=\"15\">", file);
    if (because)
        *because = 0;
    write_text(file, text);
    fputs("</text>\n<text x=\"12\" y=\"42\" font-size=\"15\">", file);
    write_text(file, because ? because + 1 : "");
    fprintf(file, "</text>\n<text x=\"12\" y=\"60\" class=\"h\">");
    write_text(file, pl_findings_time(time, pl_timeline_ns(p->t, p->t->to)));
    size_t rows = count_rows(p->t);
    fprintf(file, ", %zu call%s, %zu row%s", p->t->call_count, p->t->call_count == 1 ? "" : "s", rows,
            rows == 1 ? "" : "s");
    if (rows > p->rows)
        fprintf(file, ", of which %zu are shown", p->rows);
    if (p->t->lost)
        fprintf(file, "; the oldest %" PRIu64 " events are lost", p->t->lost);
    fputs("</text>\n", file);
}

static void write_column_names(FILE *file, unsigned y)
{
    static const char *const names[] = {"busy", "chunks", "steals", "sleeps"};
    static const unsigned places[] = {60, 125, 185, 245};
    for (int k = 0; k < 4; k++)
        fprintf(file, "<text x=\"%u\" y=\"%u\" class=\"r h\">%s</text>", LEFT + PLOT + places[k], y, names[k]);
    fputc('\n', file);
}

void pl_picture_write(FILE *file, const pl_timeline *t)
{
    picture p = {.t = t, .lasted = t->to > t->from ? t->to - t->from : 1};
    p.rows = count_rows(t) < MOST_ROWS ? count_rows(t) : MOST_ROWS;
    choose_names(&p);
    unsigned lanes = 0;
    char *calls = draw_calls(&p, &lanes);
    unsigned top = TOP + lanes * LANE + 16, bottom = top + (unsigned)p.rows * PITCH;
    char *rows = draw_rows(&p, top);
    write_head(file, &p, bottom + 70);
    write_axis(file, &p, TOP, bottom);
    fputs(calls ? calls : "", file);
    write_column_names(file, top - 8);
    fputs(rows ? rows : "", file);
    write_legend(file, &p, bottom + 26);
    fputs("</svg>\n", file);
    free(calls);
    free(rows);
}
