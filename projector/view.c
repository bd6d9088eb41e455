/* view.c -- reads a view file, line by line. */
#include "projector/view.h"

#include "base/log.h"
#include "platform/store.h"
#include "base/banned.h"

enum { MAX_STATEMENTS = 32, MAX_TYPES = 32, NAME_MAX_LENGTH = 48 };

/* `data` comes as lines: as elements of an array every quote of it would be escaped, and read
 * twice. `time` is made only where a statement asks for it. */
#define BATCH                                                                            \
    "batch AS (SELECT position, stream, version, type, "                                 \
    "timestamptz 'epoch' + recorded * interval '1 microsecond' AS time, data "           \
    "FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], "     \
    "string_to_array($6::text, E'\\n')::jsonb[]) AS b(position, stream, version, type, " \
    "recorded, data))"

static const char MARK[] = "-- :";

enum section { BEFORE, TABLES, ON, VERSION };

struct reader {
    const struct embedded *file;
    const struct language *language;
    struct arena *arena;
    struct view *view;
    int line, section_line;
    enum section section;
    struct text body; /* of the section being read */
};

static const struct problem *fault(const struct reader *r, int line, const char *what)
{
    log_error("a view file is malformed", KV("file", r->file->name), KV("line", line),
              KV("reason", what));
    return NOT_STARTED;
}

/* Lower case, digits and _: fit for a schema, a statement and a file alike. */
static bool is_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return n > 0 && n <= NAME_MAX_LENGTH && !s[n] && s[0] >= 'a' && !text_starts(s, "pg_");
}

/* ---- statements ---- */

/* The rest of `sql` behind blanks and comment lines. */
static const char *skip_comments(const char *sql)
{
    for (;;) {
        sql += strspn(sql, " \t\r\n");
        if (!text_starts(sql, "--"))
            return sql;
        sql += strcspn(sql, "\n");
    }
}

/* `sql` behind `word`, if it begins with it as a whole word; else NULL. */
static const char *behind(const char *sql, const char *word)
{
    size_t n = strlen(word);
    return strncasecmp(sql, word, n) == 0 && strchr(" \t\r\n", sql[n]) ? skip_comments(sql + n)
                                                                       : NULL;
}

/* Puts `batch` in front of a statement, among its own WITH clauses if it has some. */
static const char *with_batch(struct arena *a, const char *sql)
{
    const char *with = behind(sql, "WITH");
    const char *recursive = with ? behind(with, "RECURSIVE") : NULL;
    if (recursive)
        return arena_printf(a, "WITH RECURSIVE " BATCH ", %s", recursive);
    return with ? arena_printf(a, "WITH " BATCH ", %s", with)
                : arena_printf(a, "WITH " BATCH " %s", sql);
}

static fallible end_statement(struct reader *r, struct view_statement *s)
{
    const char *sql = skip_comments(text_value(&r->body));
    size_t length = strlen(sql);
    while (length && strchr(" \t\r\n;", sql[length - 1]))
        length--;
    if (!length)
        return fault(r, r->section_line, "there is no statement under this line");
    s->sql.sql = with_batch(r->arena, arena_bytes(r->arena, sql, length));
    return NULL;
}

/* What has been read up to here belongs to the section that ends. */
static fallible end_section(struct reader *r)
{
    bool empty = !*skip_comments(text_value(&r->body));
    switch (r->section) {
    case BEFORE:
        if (!empty)
            return fault(r, 1, "only comments may stand before `-- :tables`");
        break;
    case TABLES:
        if (empty)
            return fault(r, r->section_line, "there is no table under this line");
        r->view->tables = arena_text(r->arena, text_value(&r->body));
        break;
    case ON: TRY(end_statement(r, &r->view->statements[r->view->count - 1])); break;
    case VERSION:
        if (!empty)
            return fault(r, r->section_line, "`-- :version` has no statement of its own");
        break;
    }
    text_clear(&r->body);
    return NULL;
}

/* ---- directives ---- */

static fallible new_statement(struct reader *r, struct view_statement **out)
{
    if (!r->view->tables)
        return fault(r, r->line, "`-- :tables` comes first");
    if (r->view->count == MAX_STATEMENTS)
        return fault(r, r->line, "too many statements");
    *out = &r->view->statements[r->view->count++];
    (*out)->sql.name = arena_printf(r->arena, "%s/%d", r->view->name, r->view->count);
    return NULL;
}

static fallible begin_on(struct reader *r, char *list)
{
    struct view_statement *s;
    const char **types = arena_array(r->arena, MAX_TYPES + 1, sizeof(*types));
    int count = 0;
    char *rest = NULL;
    TRY(new_statement(r, &s));
    for (char *t = strtok_r(list, ", \t\r", &rest); t; t = strtok_r(NULL, ", \t\r", &rest)) {
        if (count == MAX_TYPES)
            return fault(r, r->line, "too many types");
        if (!r->language->version_of(t))
            return fault(r, r->line, arena_printf(r->arena, "there is no event type %s", t));
        types[count++] = t;
    }
    if (!count)
        return fault(r, r->line, "`-- :on` names no event type");
    s->types = types;
    r->section = ON;
    return NULL;
}

static fallible begin_version(struct reader *r, char *words)
{
    struct view_statement *s;
    char *rest = NULL;
    TRY(new_statement(r, &s));
    s->table = strtok_r(words, " \t\r", &rest);
    s->key = strtok_r(NULL, " \t\r", &rest);
    const char *kind = strtok_r(NULL, " \t\r", &rest);
    if (!kind || strtok_r(NULL, " \t\r", &rest) || !is_name(s->table) || !is_name(s->key) ||
        !is_name(kind))
        return fault(r, r->line, "expected `-- :version <table> <key> <stream kind>`");
    s->prefix = arena_printf(r->arena, "%s-", kind);
    r->section = VERSION;
    return NULL;
}

static fallible begin_tables(struct reader *r, char *rest)
{
    if (r->view->tables || r->view->count)
        return fault(r, r->line, "`-- :tables` stands once, and first");
    if (rest[strspn(rest, " \t\r")])
        return fault(r, r->line, "nothing may follow `-- :tables`");
    r->section = TABLES;
    return NULL;
}

static const struct {
    const char *word;
    const struct problem *(*begin)(struct reader *r, char *rest);
} directives[] = {{"tables", begin_tables}, {"on", begin_on}, {"version", begin_version}};

static fallible directive(struct reader *r, const char *line)
{
    TRY(end_section(r));
    size_t n = strcspn(line, " \t\r");
    r->section_line = r->line;
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
        if (strlen(directives[i].word) == n && strncmp(directives[i].word, line, n) == 0)
            return directives[i].begin(r, arena_bytes(r->arena, line + n, strlen(line + n)));
    return fault(r, r->line, "unknown directive: :tables, :on and :version are there");
}

/* ---- the file ---- */

/* The types that :on statements name are no affair of the :version statements. */
static void leave_named_out(struct reader *r)
{
    const char **named = arena_array(r->arena, MAX_STATEMENTS * MAX_TYPES + 1, sizeof(*named));
    int count = 0;
    for (int i = 0; i < r->view->count; i++)
        for (const char *const *t = r->view->statements[i].types; t && *t; t++)
            named[count++] = *t;
    for (int i = 0; i < r->view->count; i++)
        if (r->view->statements[i].prefix)
            r->view->statements[i].types = named;
}

static fallible read_lines(struct reader *r)
{
    for (const char *at = r->file->text; *at;) {
        size_t length = strcspn(at, "\n");
        r->line++;
        if (text_starts(at, MARK))
            TRY(directive(r, arena_bytes(r->arena, at + strlen(MARK), length - strlen(MARK))));
        else {
            text_append_bytes(&r->body, at, length);
            text_append_char(&r->body, '\n');
        }
        at += length + (at[length] == '\n');
    }
    TRY(end_section(r));
    leave_named_out(r);
    return r->view->tables && r->view->count ? NULL
                                             : fault(r, r->line, "no tables or no statements");
}

static const char *digest_of(struct arena *a, const char *text)
{
    static const unsigned char no_key[32];
    char out[HASH_TEXT];
    store_hash(no_key, &text, 1, out);
    return arena_text(a, out);
}

fallible view_parse(const struct embedded *file, const struct language *language, struct arena *a,
                    struct view *out)
{
    struct view v = {.statements = arena_array(a, MAX_STATEMENTS, sizeof(*v.statements))};
    struct reader r = {.file = file, .language = language, .arena = a, .view = &v};
    size_t stem = strcspn(file->name, ".");
    v.name = arena_bytes(a, file->name, stem);
    if (!is_name(v.name) || !text_equal(file->name + stem, ".sql") || text_equal(v.name, "main") ||
        text_equal(v.name, "engine") || text_equal(v.name, "public"))
        return fault(&r, 0, "the file's name cannot be the name of a view");
    v.text = arena_text(a, file->text);
    v.digest = digest_of(a, file->text);
    const struct problem *p = read_lines(&r);
    text_release(&r.body);
    if (!p)
        *out = v;
    return p;
}

/* ---- :version ---- */

static const struct pg_statement KEY_TYPE = {
    "view_key_type",
    "SELECT format_type(k.atttypid, k.atttypmod) FROM pg_attribute k JOIN pg_attribute v "
    "ON v.attrelid = k.attrelid AND v.attname = 'version' AND v.atttypid = 'bigint'::regtype "
    "WHERE k.attrelid = to_regclass($1::text) AND k.attname = $2::text AND NOT k.attisdropped"};

static const char *version_sql(struct arena *a, const struct view_statement *s, const char *type)
{
    return arena_printf(
        a,
        "WITH " BATCH " INSERT INTO %s AS t (%s, version) "
        "SELECT (data->>'%s')::%s, max(version) FROM batch GROUP BY 1 "
        "ON CONFLICT (%s) DO UPDATE SET version = greatest(t.version, excluded.version)",
        s->table, s->key, s->key, type, s->key);
}

fallible view_complete(struct view *v, struct pg *db, struct arena *a)
{
    for (struct view_statement *s = v->statements; s < v->statements + v->count; s++) {
        if (s->sql.sql)
            continue;
        scoped_rows *rows = NULL;
        const char *values[] = {arena_printf(a, "%s.%s", v->name, s->table), s->key};
        TRY(pg_call(db, &KEY_TYPE, 2, values, &rows));
        if (rows_count(rows) != 1) {
            log_error(
                "a view's :version names no table with that key and a column `version bigint`",
                KV("view", v->name), KV("table", s->table), KV("key", s->key));
            return NOT_STARTED;
        }
        s->sql.sql = version_sql(a, s, rows_text(rows, 0, 0));
    }
    return NULL;
}
