/* members.c -- see members.h. */
#include "base/members.h"

#include <string.h>

#include "base/banned.h"

/* At the value. */
static fallible take_value(struct json *j, struct member *m)
{
    struct span string = {NULL, 0};
    enum json_kind kind = json_kind(j);
    const char *begin = j->at;
    if (kind == JSON_STRING)
        TRY(json_take_string(j, &string));
    else
        TRY(json_skip_value(j, MEMBERS_DEPTH - 1));
    m->json = (struct span){begin, (size_t)(j->at - begin)};
    m->text = kind == JSON_STRING ? string : kind == JSON_NULL ? (struct span){NULL, 0} : m->json;
    return NULL;
}

static fallible take_all(struct json *j, struct member *found, int *count)
{
    bool begun = false, more;
    struct span name;
    if (json_kind(j) != JSON_OBJECT)
        return MALFORMED;
    TRY(json_take_member(j, &begun, &more, &name));
    while (more) {
        if (*count == MEMBERS_MAX)
            return TOO_LONG;
        found[*count].name = name;
        TRY(take_value(j, &found[*count]));
        ++*count;
        TRY(json_take_member(j, &begun, &more, &name));
    }
    return json_take_end(j);
}

bool members_read(const char *json, struct arena *a, struct members *out)
{
    struct json j = json_open(json, strlen(json), a);
    struct member found[MEMBERS_MAX];
    int count = 0;
    if (take_all(&j, found, &count))
        return false;
    *out = (struct members){count, arena_array(a, (size_t)count, sizeof(*found))};
    memcpy(out->at, found, (size_t)count * sizeof(*found));
    return true;
}

const struct member *members_find(const struct members *m, const char *name)
{
    size_t length = strlen(name);
    for (int i = m->count; i-- > 0;)
        if (m->at[i].name.length == length && memcmp(m->at[i].name.at, name, length) == 0)
            return &m->at[i];
    return NULL;
}
