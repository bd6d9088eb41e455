/* flush.c -- see flush.h. */
#include "positions/flush.h"

#include <stdio.h>

#include "base/log.h"
#include "platform/postgres/columns.h"
#include "platform/postgres/sessions.h"
#include "platform/process/background.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "positions/live.h"
#include "base/banned.h"

enum {
    PAGE = 2000,
    EXPIRED = 10000, /* rows of one batch */
    REDIS_TIMEOUT_MS = 3000,
    EXPIRE_EVERY_US = 60000000
};

enum column_name { UNITS, MOMENTS, FIXES, RECEIPTS, COLUMNS };

struct flush {
    const struct settings *settings;
    struct pg *views;
    struct redis *redis;
    char *redis_password;
    struct live *live;
    bool loaded; /* the three below are what the database holds */
    char entry[ENTRY_ID_TEXT];
    struct live_place place;
    bool told; /* the database knows the settings */
    struct column columns[COLUMNS];
    int64_t expire_at;         /* monotonic */
    struct background *thread; /* NULL: not started */
};

static const struct pg_statement LOAD = {"positions_load",
                                         "SELECT entry, life, n FROM positions.checkpoint"};
static const struct pg_statement FOLD = {
    "positions_fold", "SELECT positions.fold($1::text, $2::text, $3::text::bigint, $4::text, "
                      "$5::text, $6::text::bigint, $7::text[], $8::timestamptz[], $9::text[], "
                      "$10::timestamptz[])"};
static const struct pg_statement LAST = {
    "positions_last", "SELECT unit, fix, (extract(epoch FROM received_at) * 1000000)::bigint "
                      "FROM positions.unit_position WHERE unit > $1::uuid "
                      "AND at > now() - interval '24 hours' ORDER BY unit LIMIT $2::int"};
static const struct pg_statement TELL = {
    "positions_rules",
    "UPDATE positions.rules SET stale_seconds = $1::int, lost_seconds = $2::int"};
static const struct pg_statement EXPIRE = {"positions_expire",
                                           "SELECT positions.expire($1::int, $2::int)"};

/* ---- Redis has lost what it held ---- */

static fallible refill_page(struct flush *f, char unit[UUID_TEXT], int *count)
{
    scoped_rows *rows = NULL;
    struct fix fixes[LIVE_BATCH];
    char limit[INT_TEXT];
    snprintf(limit, sizeof(limit), "%d", LIVE_BATCH);
    TRY(pg_call(f->views, &LAST, 2, (const char *[]){unit, limit}, &rows));
    *count = 0;
    for (int i = 0; i < rows_count(rows); i++) {
        struct fix *fix = &fixes[*count];
        snprintf(unit, UUID_TEXT, "%s", rows_text(rows, i, 0));
        snprintf(fix->unit, sizeof(fix->unit), "%s", unit);
        fix->received = rows_int(rows, i, 2);
        if (fix_read(rows_text(rows, i, 1), fix))
            (*count)++;
    }
    return *count ? live_refill(f->live, fixes, *count) : NULL;
}

static fallible refill(struct flush *f)
{
    char unit[UUID_TEXT] = "00000000-0000-0000-0000-000000000000";
    int count, total = 0;
    do {
        TRY(refill_page(f, unit, &count));
        total += count;
    } while (count == LIVE_BATCH);
    if (total)
        log_warning("redis had lost the live positions; they are put back", KV("units", total));
    return NULL;
}

/* ---- one page ---- */

static fallible load_checkpoint(struct flush *f)
{
    scoped_rows *rows = NULL;
    if (f->loaded)
        return NULL;
    TRY(pg_call(f->views, &LOAD, 0, NULL, &rows));
    if (!rows_count(rows))
        return STATEMENT_REFUSED;
    snprintf(f->entry, sizeof(f->entry), "%s", rows_text(rows, 0, 0));
    snprintf(f->place.life, sizeof(f->place.life), "%s", rows_text(rows, 0, 1));
    f->place.n = rows_int(rows, 0, 2);
    f->loaded = true;
    return NULL;
}

static fallible tell_rules(struct flush *f)
{
    char stale[INT_TEXT], lost[INT_TEXT];
    if (f->told)
        return NULL;
    snprintf(stale, sizeof(stale), "%lld", (long long)f->settings->position_stale_seconds);
    snprintf(lost, sizeof(lost), "%lld", (long long)f->settings->position_lost_seconds);
    TRY(pg_call(f->views, &TELL, 2, (const char *[]){stale, lost}, NULL));
    f->told = true;
    return NULL;
}

static struct pg_value as_value(const char *text)
{
    return (struct pg_value){text, strlen(text)};
}

/* Moves the checkpoint to `id` and `to`, with the rows in the columns. */
static fallible fold(struct flush *f, const char *id, const struct live_place *to)
{
    scoped_rows *rows = NULL;
    char n[2][INT_TEXT];
    snprintf(n[0], sizeof(n[0]), "%lld", (long long)f->place.n);
    snprintf(n[1], sizeof(n[1]), "%lld", (long long)to->n);
    struct pg_value values[6 + COLUMNS] = {as_value(f->entry), as_value(f->place.life),
                                           as_value(n[0]),     as_value(id),
                                           as_value(to->life), as_value(n[1])};
    for (int i = 0; i < COLUMNS; i++)
        values[6 + i] = column_end(&f->columns[i]);
    f->loaded = false; /* unless it is known to be done */
    TRY(pg_call_binary(f->views, &FOLD, 6 + COLUMNS, values, &rows));
    if (rows_int(rows, 0, 0) < 0) {
        log_warning("another projector folds positions, too: reading its checkpoint");
        return VERSION_CONFLICT;
    }
    snprintf(f->entry, sizeof(f->entry), "%s", id);
    f->place = *to;
    f->loaded = true;
    return NULL;
}

static void begin_columns(struct flush *f)
{
    column_begin(&f->columns[UNITS], COLUMN_TEXT);
    column_begin(&f->columns[MOMENTS], COLUMN_TIME);
    column_begin(&f->columns[FIXES], COLUMN_TEXT);
    column_begin(&f->columns[RECEIPTS], COLUMN_TIME);
}

static void add_row(struct flush *f, const struct fix *fix)
{
    char text[FIX_TEXT];
    column_string(&f->columns[UNITS], fix->unit);
    column_moment(&f->columns[MOMENTS], fix->at);
    column_string(&f->columns[FIXES], fix_write(fix, text));
    column_moment(&f->columns[RECEIPTS], fix->received);
}

/* The stream is not the one the checkpoint is of, or it has lost its end; one that has gone on
 * since then counts again from where it was. */
static bool has_begun_anew(const struct flush *f, const struct live_place *now,
                           const struct live_entry *entries, int found)
{
    return !text_equal(now->life, f->place.life) || now->n < f->place.n ||
           (found && entries[0].readable && entries[0].n <= f->place.n);
}

/* All of it is read again, which changes nothing where it was read before. */
static fallible begin_anew(struct flush *f)
{
    struct live_place first;
    TRY(refill(f)); /* this may begin the stream's life */
    TRY(live_read_place(f->live, &first));
    first.n = 0;
    begin_columns(f);
    return fold(f, "0-0", &first);
}

static fallible fold_entries(struct flush *f, const struct live_entry *entries, int found)
{
    int64_t missed = 0;
    struct live_place to = f->place;
    begin_columns(f);
    for (int i = 0; i < found; i++) {
        const struct live_entry *e = &entries[i];
        if (!e->readable) {
            missed++;
            continue;
        }
        missed += e->n > to.n + 1 ? e->n - to.n - 1 : 0;
        to.n = e->n;
        add_row(f, &e->fix);
    }
    TRY(fold(f, entries[found - 1].id, &to));
    metric_add(METRIC_fixes_folded_total, NULL, found);
    metric_add(METRIC_fixes_missed_total, NULL, (double)missed);
    if (missed)
        log_warning("fixes were dropped before they were folded", KV("count", missed));
    return NULL;
}

fallible flush_turn(struct flush *f, bool *more)
{
    scoped_arena a = {0};
    struct live_place now;
    struct live_entry *entries;
    int found;
    *more = false;
    TRY(load_checkpoint(f));
    TRY(tell_rules(f));
    TRY(live_read_place(f->live, &now));
    TRY(live_read(f->live, f->entry, PAGE, &a, &entries, &found));
    if (has_begun_anew(f, &now, entries, found)) {
        TRY(begin_anew(f));
        TRY(live_read(f->live, f->entry, PAGE, &a, &entries, &found));
    }
    *more = found == PAGE;
    if (found)
        TRY(fold_entries(f, entries, found));
    f->loaded = *more; /* a crash of the database undoes commits that are not on its disk yet */
    return NULL;
}

fallible flush_expire(struct flush *f, bool *more)
{
    scoped_rows *rows = NULL;
    char days[INT_TEXT], batch[INT_TEXT];
    *more = false;
    snprintf(days, sizeof(days), "%lld", (long long)f->settings->track_days);
    snprintf(batch, sizeof(batch), "%d", EXPIRED);
    TRY(pg_call(f->views, &EXPIRE, 2, (const char *[]){days, batch}, &rows));
    metric_add(METRIC_expired_rows_total, "track", (double)rows_int(rows, 0, 0));
    *more = rows_int(rows, 0, 0) == EXPIRED;
    return NULL;
}

/* ---- the thread ---- */

/* One batch a turn, so that folding does not wait for a large backlog. */
static void expire_when_due(struct flush *f)
{
    bool more = false;
    if (time_monotonic() < f->expire_at)
        return;
    const struct problem *p = flush_expire(f, &more);
    if (p || !more)
        f->expire_at = time_monotonic() + EXPIRE_EVERY_US;
}

static void fold_fixes(struct background *b, void *arg)
{
    struct flush *f = arg;
    bool more;
    int pause;
    do {
        const struct problem *p = flush_turn(f, &more);
        ready_report("positions", !p, -1);
        if (!p)
            expire_when_due(f);
        pause = more && !p ? 0 : (int)f->settings->positions_flush_ms;
    } while (background_pause(b, pause));
}

bool flush_start(struct flush *f)
{
    ready_declare_optional("positions");
    metric_add(METRIC_fixes_folded_total, NULL, 0); /* shown from the start */
    metric_add(METRIC_fixes_missed_total, NULL, 0);
    f->thread = background_start("positions", fold_fixes, f);
    return f->thread != NULL;
}

/* ---- life ---- */

fallible flush_new(const struct settings *settings, struct flush **out)
{
    struct flush *f = *out = must_alloc(1, sizeof(*f));
    f->settings = settings;
    f->views = pg_new(settings->read_database_url, "projector positions", views_session,
                      (int)settings->database_timeout_ms);
    if (settings->redis_password_file && *settings->redis_password_file)
        TRY(secret_read_text(settings->redis_password_file, &f->redis_password));
    f->redis = redis_new(settings->redis_host, (int)settings->redis_port, f->redis_password,
                         REDIS_TIMEOUT_MS);
    f->live = live_new(f->redis, settings->fixes_retain);
    return NULL;
}

void flush_free(struct flush *f)
{
    if (!f)
        return;
    background_end(f->thread);
    for (int i = 0; i < COLUMNS; i++)
        column_release(&f->columns[i]);
    live_free(f->live);
    redis_free(f->redis);
    pg_free(f->views);
    free(f->redis_password);
    free(f);
}
