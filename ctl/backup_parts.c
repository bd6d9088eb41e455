/* backup_parts.c -- the lines of citywatchctl backup check. pgBackRest answers in JSON and in names
 * of files; PostgreSQL, which is there, takes them apart. */
#include "ctl/backup.h"
#include "ctl/program.h"
#include "base/banned.h"

enum {
    LIST_S = 300,
    PUSH_S = 120,
    VERIFY_S = 12 * 3600, /* it reads everything */
    NAMED = 3,            /* so many damaged files and holes are named, all are counted */
    SEGMENT_MB = 16,
};

/* ---- how old ---- */

static const struct pg_statement BACKUPS = {
    NULL, "SELECT b->>'label', b->>'type', coalesce(b->>'error', 'false'), "
          "floor(extract(epoch FROM now()) - (b->'timestamp'->>'stop')::bigint)::bigint "
          "FROM jsonb_array_elements($1::jsonb->0->'backup') b "
          "ORDER BY (b->'timestamp'->>'stop')::bigint DESC"};

static const char *age(struct backup_check *c, int64_t seconds)
{
    if (seconds < 7200)
        return arena_printf(&c->arena, "%lld min", (long long)(seconds / 60));
    return arena_printf(&c->arena, "%lld h", (long long)(seconds / 3600));
}

fallible backup_age(struct backup_check *c)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(c->log, &BACKUPS, 1, &c->info, &rows));
    int full = 0, count = rows_count(rows);
    while (full < count && !text_equal(rows_text(rows, full, 1), "full"))
        full++;
    if (!count || full == count) {
        backup_says(c, "backup", false, "there is none: {backup}");
        return NULL;
    }
    int64_t newest = rows_int(rows, 0, 3);
    bool whole = text_equal(rows_text(rows, 0, 2), "false");
    backup_says(c, "backup", newest <= c->max_age_hours * 3600 && whole,
                "%s (%s), %s ago; %d in all%s", rows_text(rows, 0, 0), rows_text(rows, 0, 1),
                age(c, newest), count, whole ? "" : "; pages of the database were damaged then");
    backup_says(c, "full backup", true, "%s, %s ago", rows_text(rows, full, 0),
                age(c, rows_int(rows, full, 3)));
    return NULL;
}

/* ---- what waits ---- */

static const struct pg_statement WAITING = {
    NULL, "SELECT (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'), "
          "failed_count, coalesce(last_failed_time > last_archived_time, failed_count > 0), "
          "coalesce(last_failed_wal, ''), "
          "coalesce(floor(extract(epoch FROM now() - last_archived_time))::bigint, -1) "
          "FROM pg_stat_archiver"};

fallible backup_waiting(struct backup_check *c)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(c->log, &WAITING, 0, NULL, &rows));
    int64_t files = rows_int(rows, 0, 0), last = rows_int(rows, 0, 4);
    bool fails = text_equal(rows_text(rows, 0, 2), "t");
    const char *since =
        last < 0 ? "nothing was archived yet"
                 : arena_printf(&c->arena, "the last was archived %lld s ago", (long long)last);
    if (fails)
        backup_says(c, "waiting", false,
                    "%lld files (%lld MB) wait: %s could not be archived, RUN_DIR/log/postgres.log "
                    "says why; %s",
                    (long long)files, (long long)files * SEGMENT_MB, rows_text(rows, 0, 3), since);
    else
        backup_says(c, "waiting", true, "%lld files; %s; %lld failures since the start",
                    (long long)files, since, (long long)rows_int(rows, 0, 1));
    return NULL;
}

/* ---- a file that is archived now ---- */

/* The first line, without what pgBackRest puts before it. */
static const char *first_line(struct backup_check *c, const char *said)
{
    const char *at = strstr(said, "ERROR: ");
    at = at ? at : said;
    return arena_bytes(&c->arena, at, strcspn(at, "\n"));
}

fallible backup_push(struct backup_check *c)
{
    static const char *const words[] = {"--log-level-console=warn", "--log-timestamp=n",
                                        "--archive-timeout=20", "check", NULL};
    scoped_text said = {0};
    int code = backrest(c, words, PUSH_S, true, &said);
    backup_says(c, "archive", code == 0, "%s",
                code ? first_line(c, text_value(&said)) : "the log up to now has arrived there");
    return NULL;
}

/* ---- holes ---- */

/* $1: info, $2: paths in the archive. From the oldest backup's first file on, whichever follows
 * another without being the next. */
static const struct pg_statement HOLES = {
    NULL, "WITH backup AS (SELECT b->'archive'->>'start' AS wal "
          "FROM jsonb_array_elements($1::jsonb->0->'backup') b), "
          "file AS (SELECT substring(line FROM '/([0-9A-F]{24})-') AS wal, 0 AS before "
          "FROM string_to_table($2, E'\\n') line UNION SELECT min(wal), 1 FROM backup), "
          "numbered AS (SELECT wal, before, left(wal, 8) AS timeline, "
          "('x' || substr(wal, 9, 8))::bit(32)::bigint * 256 "
          "+ ('x' || substr(wal, 17, 8))::bit(32)::bigint - before AS n "
          "FROM file WHERE wal IS NOT NULL), "
          "stepped AS (SELECT wal, n, lead(wal) OVER w AS next, lead(n) OVER w - n - 1 AS missing "
          "FROM numbered WINDOW w AS (PARTITION BY timeline ORDER BY n, before)) "
          "SELECT wal, next, missing, next > (SELECT max(wal) FROM backup) FROM stepped "
          "WHERE missing > 0 AND next > (SELECT min(wal) FROM backup) ORDER BY wal"};

static const char *name_hole(struct backup_check *c, const struct rows *rows, int i)
{
    return arena_printf(&c->arena, "%lld files between %s and %s", (long long)rows_int(rows, i, 2),
                        rows_text(rows, i, 0), rows_text(rows, i, 1));
}

fallible backup_holes(struct backup_check *c)
{
    static const char *const words[] = {"--log-level-console=off",
                                        "--log-level-stderr=warn",
                                        "--recurse",
                                        "--filter=[0-9A-F]{24}-",
                                        "repo-ls",
                                        "archive/citywatch",
                                        NULL};
    scoped_rows *rows = NULL;
    scoped_text said = {0};
    if (backrest(c, words, LIST_S, false, &said)) {
        backup_says(c, "holes", false, "the archive cannot be listed");
        return NULL;
    }
    const char *values[] = {c->info, text_value(&said)};
    TRY(pg_call(c->log, &HOLES, 2, values, &rows));
    int count = rows_count(rows);
    for (int i = 0; i < count && i < NAMED; i++) {
        bool old = text_equal(rows_text(rows, i, 3), "f");
        backup_says(c, "hole", old, "%s are missing: %s", name_hole(c, rows, i),
                    old ? "what lies in it cannot be restored; a later backup can"
                        : "nothing behind it can be restored before the next {backup}");
    }
    if (count != 1)
        backup_says(c, "holes", count <= NAMED, "%d", count);
    return NULL;
}

/* ---- all files ---- */

/* Lines such as "P01   INFO: invalid checksum '20261129-100000F/pg_data/base/5/1247.zst'". */
static int name_damaged(struct backup_check *c, const char *said)
{
    int count = 0;
    for (const char *line = said; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        const char *text = arena_bytes(&c->arena, line, length), *at = strstr(text, "INFO: ");
        if (!at || !length || text[length - 1] != '\'')
            continue;
        if (count++ < NAMED)
            backup_says(c, "damaged", false, "%s", at + strlen("INFO: "));
    }
    return count;
}

fallible backup_files(struct backup_check *c)
{
    static const char *const words[] = {"--log-level-console=info",
                                        "--log-timestamp=n",
                                        "--output=text",
                                        "--verbose",
                                        "verify",
                                        NULL};
    scoped_text said = {0};
    int code = backrest(c, words, VERIFY_S, true, &said);
    bool ok = code == 0 && strstr(text_value(&said), "\nstatus: ok") != NULL;
    int damaged = ok ? 0 : name_damaged(c, text_value(&said));
    if (ok)
        backup_says(c, "files", true, "every file is as it was written");
    else if (damaged)
        backup_says(c, "files", false, "%d are damaged or missing: {full}", damaged);
    else
        backup_says(c, "files", false, "%s", first_line(c, text_value(&said)));
    return NULL;
}
