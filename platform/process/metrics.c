/* metrics.c -- figures as atomics: nobody waits for anybody to count. */
#include "platform/process/metrics.h"

#include <dirent.h>
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/time.h"
#include "base/banned.h"

enum { VALUES = 64, BOUNDS = 16 };

struct metric_row {
    const char *name;
    enum metric_kind kind;
    const char *label, *help;
};
#define METRIC(name, kind, label, help) {#name, kind, label, help},
static const struct metric_row rows[METRIC_COUNT] = {
#include "platform/process/metrics.def"
};
#undef METRIC

typedef _Atomic double atomic_double; /* added to by compare and swap */

static struct series {
    _Atomic(const char *) value; /* of the label; NULL: free from here on */
    atomic_double number;
} table[METRIC_COUNT][VALUES + 1]; /* the last one is "other" */

static const double second_bounds[BOUNDS] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                             0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                             1,      2.5,     5,      10};
static const double count_bounds[BOUNDS] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, INFINITY};

static struct histogram {
    atomic_uint_fast64_t buckets[BOUNDS + 1]; /* each observation in one; added up when written */
    atomic_double sum;
    atomic_bool shown; /* though nothing was observed */
} histograms[METRIC_COUNT];

static const double *bounds_of(enum metric m)
{
    size_t length = strlen(rows[m].name);
    bool seconds = length > 8 && !strcmp(rows[m].name + length - 8, "_seconds");
    return seconds ? second_bounds : count_bounds;
}

static void add(atomic_double *to, double n)
{
    double old = atomic_load_explicit(to, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(to, &old, old + n, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

/* Takes the free place if nobody else is faster; true if the place now holds `value`. */
static bool claim(struct series *s, const char *value)
{
    const char *held = NULL;
    char *copy = must_alloc(1, strlen(value) + 1);
    memcpy(copy, value, strlen(value));
    if (atomic_compare_exchange_strong(&s->value, &held, copy))
        return true;
    free(copy);
    return !strcmp(held, value);
}

static struct series *series_of(enum metric m, const char *value)
{
    struct series *s = table[m];
    if (!rows[m].label || !value)
        value = "";
    for (; s < table[m] + VALUES; s++) {
        const char *held = atomic_load_explicit(&s->value, memory_order_acquire);
        if (held ? !strcmp(held, value) : claim(s, value))
            return s;
    }
    if (!atomic_load_explicit(&s->value, memory_order_acquire))
        claim(s, "other");
    return s;
}

void metric_add(enum metric m, const char *value, double n)
{
    add(&series_of(m, value)->number, n);
}

void metric_set(enum metric m, const char *value, double n)
{
    atomic_store_explicit(&series_of(m, value)->number, n, memory_order_relaxed);
}

void metric_observe(enum metric m, double n)
{
    const double *bounds = bounds_of(m);
    int i = 0;
    while (i < BOUNDS && n > bounds[i])
        i++;
    atomic_fetch_add_explicit(&histograms[m].buckets[i], 1, memory_order_relaxed);
    add(&histograms[m].sum, n);
}

/* ---- from the start ---- */

#define FROM_START(name, services, values) {METRIC_##name, services, values},
static const struct {
    enum metric metric;
    int services;
    const char *values;
} from_start[] = {
#include "platform/process/metrics_from_start.def"
};
#undef FROM_START

/* The values stand in one text with spaces between. */
static void show_values(enum metric m, const char *values)
{
    char value[32];
    do {
        size_t length = strcspn(values, " ");
        snprintf(value, sizeof(value), "%.*s", (int)length, values);
        metric_add(m, value, 0);
        values += length;
    } while (*values++ == ' ');
}

void metrics_start(enum service_bit service)
{
    for (size_t i = 0; i < sizeof(from_start) / sizeof(from_start[0]); i++) {
        enum metric m = from_start[i].metric;
        if (!(from_start[i].services & (int)service))
            continue;
        if (rows[m].kind == HISTOGRAM)
            atomic_store(&histograms[m].shown, true);
        else
            show_values(m, from_start[i].values);
    }
}

/* ---- text format 0.0.4 ---- */

static void append_escaped(struct text *out, const char *s, bool quotes)
{
    for (; *s; s++)
        switch (*s) {
        case '\\': text_append(out, "\\\\"); break;
        case '\n': text_append(out, "\\n"); break;
        case '"': text_append(out, quotes ? "\\\"" : "\""); break;
        default: text_append_char(out, *s);
        }
}

static void append_number(struct text *out, double n)
{
    if (isfinite(n))
        text_printf(out, "%.15g\n", n);
    else
        text_append(out, isnan(n) ? "NaN\n" : n > 0 ? "+Inf\n" : "-Inf\n");
}

static void append_head(struct text *out, const char *name, const char *type, const char *help)
{
    text_printf(out, "# HELP %s ", name);
    append_escaped(out, help, false);
    text_printf(out, "\n# TYPE %s %s\n", name, type);
}

static void write_series(enum metric m, struct text *out)
{
    const struct metric_row *row = &rows[m];
    bool begun = false;
    for (struct series *s = table[m]; s <= table[m] + VALUES; s++) {
        const char *value = atomic_load_explicit(&s->value, memory_order_acquire);
        if (!value)
            return;
        if (!begun)
            append_head(out, row->name, row->kind == COUNTER ? "counter" : "gauge", row->help);
        begun = true;
        text_append(out, row->name);
        if (row->label) {
            text_printf(out, "{%s=\"", row->label);
            append_escaped(out, value, true);
            text_append(out, "\"}");
        }
        text_append_char(out, ' ');
        append_number(out, atomic_load_explicit(&s->number, memory_order_relaxed));
    }
}

static void write_histogram(enum metric m, struct text *out)
{
    const double *bounds = bounds_of(m);
    const char *name = rows[m].name;
    uint64_t counts[BOUNDS + 1], total = 0;
    for (int i = 0; i <= BOUNDS; i++)
        total += counts[i] = atomic_load_explicit(&histograms[m].buckets[i], memory_order_relaxed);
    if (!total && !atomic_load(&histograms[m].shown))
        return;
    append_head(out, name, "histogram", rows[m].help);
    uint64_t below = 0;
    for (int i = 0; i < BOUNDS && isfinite(bounds[i]); i++)
        text_printf(out, "%s_bucket{le=\"%.15g\"} %llu\n", name, bounds[i],
                    (unsigned long long)(below += counts[i]));
    text_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum ", name, (unsigned long long)total, name);
    append_number(out, atomic_load_explicit(&histograms[m].sum, memory_order_relaxed));
    text_printf(out, "%s_count %llu\n", name, (unsigned long long)total);
}

/* ---- the process ---- */

static double resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    if (fscanf(f, "%*s %lu", &pages) != 1)
        pages = 0;
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_descriptors(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    if (!d)
        return 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 3; /* `.`, `..` and the folder itself */
}

static double clock_seconds(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double start_seconds;

/* Of the program: the kernel's start of the process stays when that becomes another program
 * (handover.h). */
__attribute__((constructor)) static void note_start(void)
{
    start_seconds = clock_seconds(CLOCK_REALTIME);
}

static void write_process(struct text *out)
{
    const struct {
        const char *name, *type, *help;
        double number;
    } figures[] = {
        {"process_resident_memory_bytes", "gauge", "Resident memory", resident_bytes()},
        {"process_open_fds", "gauge", "Open file descriptors", open_descriptors()},
        {"process_cpu_seconds_total", "counter", "User and system CPU time",
         clock_seconds(CLOCK_PROCESS_CPUTIME_ID)},
        {"process_start_time_seconds", "gauge", "Start, in seconds since 1970 UTC", start_seconds},
    };
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        append_head(out, figures[i].name, figures[i].type, figures[i].help);
        text_printf(out, "%s ", figures[i].name);
        append_number(out, figures[i].number);
    }
}

void metrics_write(struct text *out)
{
    for (enum metric m = 0; m < METRIC_COUNT; m++)
        if (rows[m].kind == HISTOGRAM)
            write_histogram(m, out);
        else
            write_series(m, out);
    write_process(out);
}
