/* relation.c -- `batch` is made of arrays and not of a temporary table, which would cost more than
 * all else. Members travel as texts: the cast to their type is the database's, so that what is no
 * value of the type is refused with the event that holds it. */
#include "view_engine/relation.h"

#include "base/banned.h"

/* By enum batch_source; position is always there: it tells how many rows there are. */
static const struct batch_column fixed[] = {
    {OF_POSITION, "position", "bigint"}, {OF_STREAM, "stream", "text"},
    {OF_VERSION, "version", "bigint"},   {OF_TYPE, "type", "text"},
    {OF_TIME, "time", "bigint"},         {OF_DATA, "data", "text"}};

enum { FIXED = sizeof(fixed) / sizeof(fixed[0]), TYPE_MAX_LENGTH = 40 };

#define WORD_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

/* The others are texts. */
bool batch_is_number(const struct batch_column *c)
{
    return text_equal(c->type, "bigint") && c->source < OF_MEMBER;
}

/* The length of "(9,6)" or "(Point,4326)" at the beginning of `s`; 0: there is none. */
static size_t modifiers_length(const char *s)
{
    size_t inner = *s == '(' ? strspn(s + 1, WORD_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ ,") : 0;
    return inner && s[inner + 1] == ')' ? inner + 2 : 0;
}

bool is_type(const char *s)
{
    size_t n = strspn(s, WORD_CHARACTERS " ");
    size_t whole = n + modifiers_length(s + n);
    whole += strspn(s + whole, WORD_CHARACTERS " "); /* timestamp(3) with time zone */
    return n > 0 && whole <= TYPE_MAX_LENGTH && !s[whole] && s[0] >= 'a' && s[0] <= 'z';
}

bool batch_add_member(struct batch_column *members, int *count, const char *name, const char *type)
{
    for (int i = 0; i < FIXED; i++)
        if (text_equal(fixed[i].name, name))
            return false;
    for (int i = 0; i < *count; i++)
        if (text_equal(members[i].name, name))
            return false;
    if (*count == BATCH_COLUMNS - FIXED)
        return false;
    bool json = text_equal(type, "jsonb") || text_equal(type, "json");
    members[(*count)++] = (struct batch_column){json ? OF_MEMBER_AS_JSON : OF_MEMBER, name, type};
    return true;
}

/* ---- words ---- */

static bool is_part_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool names(const char *sql, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = sql; (at = strcasestr(at, word)); at += length)
        if ((at == sql || !is_part_of_name(at[-1])) && !is_part_of_name(at[length]))
            return true;
    return false;
}

const char *skip_comments(const char *sql)
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

/* ---- the relation ---- */

static void choose(struct view_statement *s, const char *sql, const struct batch_column *from,
                   int count, struct batch_column *to)
{
    for (int i = 0; i < count; i++)
        if (from[i].source == OF_POSITION || names(sql, from[i].name))
            to[s->column_count++] = from[i];
}

static void write_expression(struct text *out, const struct batch_column *c)
{
    switch (c->source) {
    case OF_TIME:
        text_append(out, "timestamptz 'epoch' + time * interval '1 microsecond' AS time");
        break;
    case OF_DATA: text_append(out, "data::jsonb AS data"); break;
    case OF_MEMBER:
    case OF_MEMBER_AS_JSON:
        text_printf(out, "\"%s\"::%s AS \"%s\"", c->name, c->type, c->name);
        break;
    case OF_POSITION:
    case OF_STREAM:
    case OF_VERSION:
    case OF_TYPE: text_append(out, c->name); break;
    }
}

/* The arrays side by side in a SELECT list: in FROM, each would be made a table first. Shorter
 * ones, and those that are NULL, are padded with NULLs all the same. */
static void write_batch(struct text *out, const struct view_statement *s)
{
    text_append(out, "batch AS (SELECT ");
    for (int i = 0; i < s->column_count; i++) {
        text_append(out, i ? ", " : "");
        write_expression(out, &s->columns[i]);
    }
    text_append(out, " FROM (SELECT ");
    for (int i = 0; i < s->column_count; i++)
        text_printf(out, "%sunnest($%d::%s[]) AS \"%s\"", i ? ", " : "", i + 1,
                    batch_is_number(&s->columns[i]) ? "bigint" : "text", s->columns[i].name);
    text_append(out, ") AS b)");
}

void batch_complete(struct view_statement *s, const char *sql, const struct batch_column *members,
                    int count, struct arena *a)
{
    scoped_text out = {0};
    const char *with = behind(sql, "WITH"), *recursive = with ? behind(with, "RECURSIVE") : NULL;
    struct batch_column *columns = arena_array(a, BATCH_COLUMNS, sizeof(*columns));
    s->columns = columns;
    s->column_count = 0;
    choose(s, sql, fixed, FIXED, columns);
    choose(s, sql, members, count, columns);
    text_append(&out, recursive ? "WITH RECURSIVE " : "WITH ");
    write_batch(&out, s);
    text_printf(&out, "%s %s", with ? "," : "", recursive ? recursive : with ? with : sql);
    s->sql.sql = arena_text(a, text_value(&out));
}
