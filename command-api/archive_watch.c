/* archive_watch.c -- see archive_watch.h. */
#include "command-api/archive_watch.h"

#include "base/arena.h"
#include "base/text.h"
#include "platform/process/background.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "platform/postgres/postgres.h"
#include "platform/postgres/sessions.h"
#include "base/banned.h"

enum { CHECK_MS = 2000 };

static const char DEPENDENCY[] = "archive";

/* What was written behind the last file that has arrived, in bytes: it may be up to one file that
 * is not full yet. A file that fails is tried again and again; the server's log says why. */
static const struct pg_statement READ_ARCHIVER = {
    "read_archiver",
    "SELECT failed_count, coalesce(last_failed_time > last_archived_time, failed_count > 0), "
    "coalesce(to_char(last_archived_time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), "
    "'the start'), "
    "CASE WHEN last_archived_wal ~ '^[0-9A-F]{24}' THEN greatest(0, "
    "pg_current_wal_lsn() - '0/0'::pg_lsn - 16777216 * "
    "(('x' || substr(last_archived_wal, 9, 8))::bit(32)::bigint * 256 "
    "+ ('x' || substr(last_archived_wal, 17, 8))::bit(32)::bigint + 1))::bigint ELSE 0 END "
    "FROM pg_stat_archiver"};

struct archive_watch {
    struct pg *connection;
    int64_t failed; /* as the server counts, which begins anew with each crash; -1: unknown */
    struct background *thread;
};

static void report(struct archive_watch *w, const struct rows *rows)
{
    scoped_arena a = {0};
    int64_t failed = rows_int(rows, 0, 0), behind = rows_int(rows, 0, 3);
    bool fails = text_equal(rows_text(rows, 0, 1), "t");
    if (w->failed >= 0 && failed > w->failed)
        metric_add(METRIC_es_archive_failed_total, NULL, (double)(failed - w->failed));
    w->failed = failed;
    metric_set(METRIC_es_archive_behind_bytes, NULL, (double)behind);
    ready_reason(DEPENDENCY,
                 fails ? arena_printf(&a, "not archived since %s: %lld MB wait; see postgres.log",
                                      rows_text(rows, 0, 2), (long long)(behind / 1000000))
                       : NULL);
    ready_report(DEPENDENCY, !fails, -1);
}

static void check(struct archive_watch *w)
{
    scoped_rows *rows = NULL;
    if (!pg_call_again(w->connection, &READ_ARCHIVER, 0, NULL, &rows))
        report(w, rows);
}

static void watch(struct background *b, void *arg)
{
    do
        check(arg);
    while (background_pause(b, CHECK_MS));
}

struct archive_watch *archive_watch_new(const struct settings *settings)
{
    metric_add(METRIC_es_archive_failed_total, NULL, 0); /* shown from the start, whatever is set */
    metric_set(METRIC_es_archive_behind_bytes, NULL, 0);
    if (!*settings->backup_dir)
        return NULL;
    struct archive_watch *w = must_alloc(1, sizeof(*w));
    w->failed = -1;
    w->connection = pg_new(settings->database_url, "archive watch", read_only_session,
                           (int)settings->database_timeout_ms);
    ready_declare_optional(DEPENDENCY);
    w->thread = background_start("archive watch", watch, w);
    if (!w->thread)
        abort();
    return w;
}

void archive_watch_free(struct archive_watch *w)
{
    if (!w)
        return;
    background_end(w->thread);
    pg_free(w->connection);
    free(w);
}
