/* migrator.c -- see migrator.h. */
#include "ctl/migrator.h"

#include "platform/identity/digest.h"
#include "base/banned.h"

static const struct pg_statement LOCK = {NULL,
                                         "SELECT pg_advisory_lock(hashtext('citywatch migrate'))"};
static const struct pg_statement UNLOCK = {
    NULL, "SELECT pg_advisory_unlock(hashtext('citywatch migrate'))"};
static const struct pg_statement DIGEST_OF = {
    NULL, "SELECT digest FROM schema_migration WHERE name = $1"};
static const char TABLE[] = "CREATE TABLE IF NOT EXISTS schema_migration ("
                            " name text PRIMARY KEY, digest text NOT NULL,"
                            " applied timestamptz NOT NULL DEFAULT clock_timestamp())";

static void digest_of(const char *text, char out[DIGEST_TEXT])
{
    unsigned char hash[DIGEST_BYTES];
    digest_whole(NULL, text, strlen(text), hash, sizeof(hash));
    text_hex(hash, sizeof(hash), out);
}

/* Releases before the first file here had others, and what those made is not carried over. */
static const struct pg_statement BEFORE = {
    NULL, "SELECT name FROM schema_migration WHERE name COLLATE \"C\" < $1 ORDER BY name LIMIT 1"};

static fallible refuse_older(struct pg *c, const struct embedded *first)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(c, &BEFORE, 1, &first->name, &rows));
    return rows_count(rows) ? STORE_TOO_OLD : NULL;
}

/* *missing: it is not applied yet. */
static fallible compare(struct pg *c, const struct embedded *file, bool *missing)
{
    char digest[DIGEST_TEXT];
    scoped_rows *rows = NULL;
    digest_of(file->text, digest);
    TRY(pg_call(c, &DIGEST_OF, 1, &file->name, &rows));
    *missing = rows_count(rows) == 0;
    return *missing || text_equal(rows_text(rows, 0, 0), digest) ? NULL : MIGRATION_CHANGED;
}

/* One text, so that a lost connection can never leave a part of it, nor run a part without BEGIN.
 * The row comes first: should the lock be lost, its key still keeps a second migrator out. */
static fallible apply(struct pg *c, const struct embedded *file)
{
    char digest[DIGEST_TEXT];
    scoped_text sql = {0};
    digest_of(file->text, digest);
    text_printf(&sql, "BEGIN; INSERT INTO schema_migration (name, digest) VALUES ('%s', '%s');\n",
                file->name, digest);
    text_append(&sql, file->text);
    text_append(&sql, "\n;COMMIT");
    const struct problem *p = pg_run(c, text_value(&sql));
    if (p)
        pg_close(c); /* with whatever transaction is open */
    return p;
}

static fallible run_all(struct pg *c, const struct embedded *files,
                        void (*applied)(const char *name), const char **name)
{
    bool missing;
    TRY(pg_run(c, TABLE));
    TRY(refuse_older(c, files));
    for (const struct embedded *f = files; f->name; f++) { /* all digests before the first change */
        *name = f->name;
        TRY(compare(c, f, &missing));
    }
    for (const struct embedded *f = files; f->name; f++) {
        *name = f->name;
        TRY(compare(c, f, &missing));
        if (!missing)
            continue;
        TRY(apply(c, f));
        if (applied)
            applied(f->name);
    }
    *name = NULL;
    return NULL;
}

fallible migrate(struct pg *c, const struct embedded *files, void (*applied)(const char *name),
                 const char **name)
{
    *name = NULL;
    TRY(pg_call(c, &LOCK, 0, NULL, NULL));
    const struct problem *p = run_all(c, files, applied, name);
    if (!p)
        p = pg_call(c, &UNLOCK, 0, NULL, NULL);
    return p;
}

/* ---- looking ---- */

static bool is_known(const struct embedded *files, const char *name)
{
    for (; files->name; files++)
        if (text_equal(files->name, name))
            return true;
    return false;
}

/* In the order of the files; NULL: this one is applied as it is. */
static fallible compare_one(struct pg *c, const struct embedded *f, struct migrations_state *out)
{
    bool missing;
    const struct problem *p = compare(c, f, &missing);
    if (p && p != MIGRATION_CHANGED)
        return p;
    if (p && !out->changed)
        out->changed = f->name;
    if (!p && missing && !out->missing)
        out->missing = f->name;
    out->applied += !p && !missing;
    return NULL;
}

fallible migrations_read(struct pg *c, const struct embedded *files, struct arena *a,
                         struct migrations_state *out)
{
    static const struct pg_statement NAMES = {NULL, "SELECT name FROM schema_migration ORDER BY 1"};
    scoped_rows *rows = NULL;
    *out = (struct migrations_state){0};
    TRY(pg_call(c, &NAMES, 0, NULL, &rows));
    for (int i = 0; i < rows_count(rows) && !out->unknown; i++)
        if (!is_known(files, rows_text(rows, i, 0)))
            out->unknown = arena_text(a, rows_text(rows, i, 0));
    for (const struct embedded *f = files; f->name; f++)
        TRY(compare_one(c, f, out));
    return NULL;
}
