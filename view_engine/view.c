/* view.c -- reads a view file, line by line. */
#include "view_engine/view.h"

#include "base/log.h"
#include "events/sql_fragment.h"
#include "platform/identity/digest.h"
#include "view_engine/relation.h"
#include "base/banned.h"

enum { MAX_STATEMENTS = 32, MAX_TYPES = 32, NAME_MAX_LENGTH = 48 };

static const char MARK[] = "-- :";

enum section { BEFORE, TABLES, ON, NO_TEXT };

struct view_reader {
    const struct embedded *file;
    const struct language *language;
    struct arena *arena;
    struct view *view;
    int line, section_line;
    enum section section;
    struct text body; /* of the section being read */
    struct batch_column members[BATCH_COLUMNS];
    int member_count;
};

static const struct problem *fault(const struct view_reader *r, int line, const char *what)
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

static fallible end_statement(struct view_reader *r, struct view_statement *s)
{
    const char *sql = skip_comments(text_value(&r->body));
    size_t length = strlen(sql);
    while (length && strchr(" \t\r\n;", sql[length - 1]))
        length--;
    if (!length)
        return fault(r, r->section_line, "there is no statement under this line");
    batch_complete(s, arena_bytes(r->arena, sql, length), r->members, r->member_count, r->arena);
    return NULL;
}

/* What has been read up to here belongs to the section that ends. */
static fallible end_section(struct view_reader *r)
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
    case NO_TEXT:
        if (!empty)
            return fault(r, r->section_line, "nothing but comments may stand under this line");
        break;
    }
    text_clear(&r->body);
    return NULL;
}

/* ---- directives ---- */

static fallible new_statement(struct view_reader *r, struct view_statement **out)
{
    if (!r->view->tables)
        return fault(r, r->line, "`-- :tables` comes first");
    if (r->view->count == MAX_STATEMENTS)
        return fault(r, r->line, "too many statements");
    *out = &r->view->statements[r->view->count++];
    (*out)->sql.name = arena_printf(r->arena, "%s/%d", r->view->name, r->view->count);
    return NULL;
}

static fallible begin_on(struct view_reader *r, char *list)
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

/* "report_id uuid" */
static fallible read_member(struct view_reader *r, char *words)
{
    char *rest = NULL;
    const char *name = strtok_r(words, " \t\r", &rest), *type = strtok_r(NULL, "\t\r", &rest);
    if (type)
        type += strspn(type, " ");
    if (!name || !is_name(name) || !type || !is_type(type))
        return fault(r, r->line, "`-- :members` takes pairs of a name and a type");
    if (!batch_add_member(r->members, &r->member_count, name, type))
        return fault(r, r->line,
                     arena_printf(r->arena, "too many members, or %s is one already", name));
    return NULL;
}

/* Ends the first pair of the list by a NUL and returns what is behind it, NULL if nothing is. A
 * comma in parentheses is of a type. */
static char *end_pair(char *list)
{
    int depth = 0;
    for (char *c = list; *c; c++) {
        depth += (*c == '(') - (*c == ')');
        if (*c == ',' && depth == 0) {
            *c = '\0';
            return c + 1;
        }
    }
    return NULL;
}

static fallible begin_members(struct view_reader *r, char *list)
{
    for (char *next; list; list = next) {
        next = end_pair(list);
        if (list[strspn(list, " \t\r")])
            TRY(read_member(r, list));
    }
    r->section = NO_TEXT;
    return NULL;
}

static fallible begin_version(struct view_reader *r, char *words)
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
    r->section = NO_TEXT;
    return NULL;
}

static fallible begin_lane(struct view_reader *r, char *words)
{
    char *rest = NULL;
    const char *name = strtok_r(words, " \t\r", &rest);
    if (r->view->tables || !name || !is_name(name) || strtok_r(NULL, " \t\r", &rest))
        return fault(r, r->line, "`-- :lane <name>` stands before `-- :tables`");
    r->view->home = name;
    return NULL;
}

static fallible begin_tables(struct view_reader *r, char *rest)
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
    const struct problem *(*begin)(struct view_reader *r, char *rest);
} directives[] = {{"lane", begin_lane},
                  {"tables", begin_tables},
                  {"members", begin_members},
                  {"on", begin_on},
                  {"version", begin_version}};

static fallible directive(struct view_reader *r, const char *line)
{
    TRY(end_section(r));
    size_t n = strcspn(line, " \t\r");
    r->section_line = r->line;
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
        if (strlen(directives[i].word) == n && strncmp(directives[i].word, line, n) == 0)
            return directives[i].begin(r, arena_bytes(r->arena, line + n, strlen(line + n)));
    return fault(r, r->line,
                 "unknown directive: :lane, :tables, :members, :on and :version are there");
}

/* ---- the file ---- */

/* The types that :on statements name are no affair of the :version statements. */
static void leave_named_out(struct view_reader *r)
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

static fallible read_lines(struct view_reader *r)
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
    char out[DIGEST_TEXT];
    digest_parts_hex(no_key, &text, 1, out);
    return arena_text(a, out);
}

bool view_is_name(const char *name)
{
    return is_name(name) && !text_equal(name, "main") && !text_equal(name, "engine") &&
           !text_equal(name, "public") && !text_equal(name, VIEW_POSTGIS);
}

void view_set_text(struct view *v, const char *text, struct arena *a)
{
    v->text = arena_text(a, text);
    v->digest = digest_of(a, text);
}

void view_place(struct view *v, const char *schema, struct arena *a)
{
    v->name = schema;
    v->enter = (struct pg_statement){
        arena_printf(a, "%s/enter", schema),
        arena_printf(a, "SET LOCAL search_path TO \"%s\", " VIEW_POSTGIS, schema)};
}

static fallible read_file(struct view_reader *r)
{
    struct view *v = r->view;
    const char *name = r->file->name;
    size_t stem = strcspn(name, ".");
    v->name = arena_bytes(r->arena, name, stem);
    if (!view_is_name(v->name) || !text_equal(name + stem, ".sql"))
        return fault(r, 0, "the file's name cannot be the name of a view");
    view_place(v, v->name, r->arena);
    view_set_text(v, r->file->text, r->arena);
    return read_lines(r);
}

fallible view_parse(const struct embedded *file, const struct language *language, struct arena *a,
                    struct view *out)
{
    scoped_text text = {0};
    struct view v = {.home = VIEW_HOME,
                     .statements = arena_array(a, MAX_STATEMENTS, sizeof(*v.statements))};
    struct view_reader r = {.file = file, .language = language, .arena = a, .view = &v};
    if (append_with_fragments(&text, file->text))
        return fault(&r, 0, "it names a fragment that no feature has");
    r.file = &(struct embedded){file->name, text_value(&text)};
    const struct problem *p = read_file(&r);
    text_release(&r.body);
    if (!p)
        *out = v;
    return p;
}

fallible view_create(const struct view *v, struct pg *db)
{
    scoped_text ddl = {0};
    text_printf(&ddl, "CREATE SCHEMA \"%s\"; %s; %s; RESET search_path", v->name, v->enter.sql,
                v->tables);
    return pg_run(db, text_value(&ddl));
}

/* ---- :version ---- */

static const struct pg_statement KEY_TYPE = {
    "view_key_type",
    "SELECT format_type(k.atttypid, k.atttypmod) FROM pg_attribute k JOIN pg_attribute v "
    "ON v.attrelid = k.attrelid AND v.attname = 'version' AND v.atttypid = 'bigint'::regtype "
    "WHERE k.attrelid = to_regclass($1::text) AND k.attname = $2::text AND NOT k.attisdropped"};

/* After the statements above it: a row that one of them inserts is there. */
static void complete_version(struct view_statement *s, const char *key_type, struct arena *a)
{
    struct batch_column key = {OF_MEMBER, s->key, key_type};
    const char *sql = arena_printf(
        a,
        "INSERT INTO %s AS t (%s, version) SELECT %s, max(version) FROM batch GROUP BY 1 "
        "ON CONFLICT (%s) DO UPDATE SET version = greatest(t.version, excluded.version)",
        s->table, s->key, s->key, s->key);
    batch_complete(s, sql, &key, 1, a);
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
        complete_version(s, arena_text(a, rows_text(rows, 0, 0)), a);
    }
    return NULL;
}
