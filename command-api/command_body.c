/* command_body.c -- see command_body.h. */
#include "command-api/command_body.h"

#include "base/members.h"
#include "base/banned.h"

static bool is_delete(struct http_request *r)
{
    return text_equal(http_method(r), "DELETE");
}

static bool travels_in_query(const char *const *in_query, const char *name)
{
    return word_index(in_query, name) >= 0;
}

static void append_member(struct text *out, const char *name)
{
    text_append(out, out->length ? "," : "{");
    text_append_json(out, name);
    text_append_char(out, ':');
}

/* A flag's value is no string in JSON. */
static void append_value(const struct shape *shape, const char *name, const char *value,
                         struct text *out)
{
    const struct field *fields = shape->fields();
    bool flag = false;
    for (int i = 0; i < shape->count; i++)
        flag = flag || (fields[i].kind == KIND_FLAG && text_equal(fields[i].name, name));
    if (flag && (text_equal(value, "true") || text_equal(value, "false")))
        text_append(out, value);
    else
        text_append_json(out, value);
}

/* Of a DELETE the query string is the whole body, of others it has the members that the row names.
 */
static fallible append_parameters(struct http_request *r, const char *const *in_query,
                                  const struct shape *shape, struct text *out, struct fault *f)
{
    for (int i = 0; i < http_parameters(r); i++) {
        const char *name, *value;
        http_parameter_at(r, i, &name, &value);
        if (!is_delete(r) && !travels_in_query(in_query, name))
            return fault_at(f, UNKNOWN_PARAMETER, name, NULL);
        append_member(out, name);
        append_value(shape, name, value, out);
    }
    return NULL;
}

/* A member stands where its row says, and nowhere else. */
static fallible append_body(struct http_request *r, const char *const *in_query,
                            const struct members *m, struct text *out, struct fault *f)
{
    for (int i = 0; i < m->count; i++) {
        const struct span *name = &m->at[i].name, *value = &m->at[i].json;
        const char *text = arena_bytes(http_arena(r), name->at, name->length);
        if (travels_in_query(in_query, text))
            return fault_at(f, UNKNOWN_FIELD, text, "It stands in the query string.");
        append_member(out, text);
        text_append_bytes(out, value->at, value->length);
    }
    return NULL;
}

/* False: it is no object, and whoever reads it says why. */
static bool is_object(struct http_request *r, const char *json, size_t length, struct members *out)
{
    const char *copy = length ? arena_bytes(http_arena(r), json, length) : "{}";
    return strlen(copy) == (length ? length : 2) && members_read(copy, http_arena(r), out);
}

/* Body and query string as one object. Nothing is appended if the body is read as it came. */
static fallible join_parts(struct http_request *r, const char *const *in_query,
                           const struct shape *shape, const char *json, size_t length,
                           struct text *out, struct fault *f)
{
    struct members m;
    if (is_delete(r) && length)
        return fault_at(f, MALFORMED, NULL, "A DELETE takes no body.");
    TRY(append_parameters(r, in_query, shape, out, f));
    if (in_query[0] && is_object(r, json, length, &m))
        TRY(append_body(r, in_query, &m, out, f));
    else if (!is_delete(r))
        text_clear(out);
    text_append(out, out->length ? "}" : is_delete(r) ? "{}" : "");
    return NULL;
}

static bool shape_requires(const struct shape *shape)
{
    const struct field *fields = shape->fields();
    for (int i = 0; i < shape->count; i++)
        if (fields[i].presence == REQUIRED || fields[i].presence == NULLABLE)
            return true;
    return false;
}

fallible command_body_read(struct http_request *r, const char *const *in_query, const char *json,
                           size_t length, struct command *c, struct fault *f)
{
    const struct shape *shape = command_shape(c->type);
    scoped_text joined = {0};
    TRY(join_parts(r, in_query, shape, json, length, &joined, f));
    if (joined.length) {
        json = joined.at;
        length = joined.length;
    }
    if (!length && !shape_requires(shape))
        return NULL;
    const struct problem *p = shape_read(shape, json, length, http_arena(r), c->body, f);
    return p == UNKNOWN_FIELD && is_delete(r) && http_parameters(r) ? UNKNOWN_PARAMETER : p;
}
