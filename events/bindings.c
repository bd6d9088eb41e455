/* bindings.c -- see bindings.h. */
#include "events/bindings.h"

#include "base/text.h"
#include "base/time.h"
#include "events/bindings.def"
#include "events/words.h"
#include "base/banned.h"

const char *const flag_words[] = {"true", "false", NULL};

#define QUERY(verb, at, roles, name, kind, seconds, named_views, otherwise, ...) \
    {at, {__VA_ARGS__}},
static const struct {
    const char *path;
    struct binding bindings[BINDINGS_MAX];
} queries[] = {
#include "lists/routes.def"
    {.path = NULL}};

const struct binding *query_bindings(const char *path)
{
    int i = 0;
    while (queries[i].path && !text_equal(queries[i].path, path))
        i++;
    return queries[i].path ? queries[i].bindings : NULL;
}

bool is_filter(const struct binding *row)
{
    return row->kind == BIND_TEXT || row->kind == BIND_WORD || row->kind == BIND_CHOSEN_AGENCY ||
           row->kind == BIND_USER || row->kind == BIND_ID || row->kind == BIND_TIME;
}

static const char *text_refused(const struct binding *row, const char *value, struct arena *a)
{
    long characters = text_characters(value, strlen(value));
    if (characters >= row->min && characters <= row->max && !text_is_blank(value))
        return NULL;
    return arena_printf(a, "A text of %lld to %lld characters.", (long long)row->min,
                        (long long)row->max);
}

static const char *user_refused(const char *value)
{
    char lower[UUID_TEXT];
    bool taken = text_equal(value, "me") || text_equal(value, "none") || uuid_read(value, lower);
    return taken ? NULL : "Expected me, none or a user id.";
}

static const char *time_refused(const struct binding *row, const char *value)
{
    int64_t at;
    bool taken = strlen(value) <= (size_t)row->max && !time_read(value, &at);
    return taken ? NULL : "Expected a time of RFC 3339, such as 2026-02-03T04:05:06Z.";
}

const char *filter_refuses(const struct binding *row, const char *value, struct arena *a)
{
    if (row->kind == BIND_WORD)
        return word_index(row->words, value) < 0 ? text_expected(a, row->words) : NULL;
    if (row->kind == BIND_ID) {
        char lower[UUID_TEXT];
        return uuid_read(value, lower) ? NULL : "Expected a UUID.";
    }
    if (row->kind == BIND_USER)
        return user_refused(value);
    if (row->kind == BIND_TIME)
        return time_refused(row, value);
    return text_refused(row, value, a);
}
