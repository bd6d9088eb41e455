/* query_request.c -- parameters by the rows of routes.def: nothing unknown passes, everything is
 * bound. */
#include "query-api/query_request.h"

#include "base/planted.h"
#include "base/time.h"
#include "events/command.h"
#include "platform/identity/digest.h"
#include "query-api/response.h"
#include "base/banned.h"

struct binder {
    struct http_request *http;
    const struct claims *who; /* NULL without a token */
    struct query_request *request;
    struct fault *fault;
};

static fallible bad(struct binder *b, const char *name, const char *detail)
{
    return fault_at(b->fault, BAD_PARAMETER, name, detail);
}

static void bind(struct binder *b, const char *value)
{
    if (b->request->count == VALUES_MAX)
        abort(); /* a row with too many bindings: the first request of any test finds it */
    b->request->values[b->request->count++] = value;
}

/* Bound, and a part of what the list is: a cursor of another value is refused. */
static void bind_filter(struct binder *b, const char *value)
{
    b->request->list = digest_on_text(b->request->list, value);
    bind(b, value);
}

static fallible read_int(struct binder *b, const char *name, int64_t min, int64_t max,
                         const char *value, int64_t *out)
{
    if (text_to_int(value, out) && *out >= min && *out <= max)
        return NULL;
    return bad(b, name,
               arena_printf(http_arena(b->http), "An integer from %lld to %lld.", (long long)min,
                            (long long)max));
}

static const char *decimal(struct binder *b, int64_t n)
{
    char digits[INT_TEXT];
    return arena_text(http_arena(b->http), int_text(n, digits));
}

static fallible bind_int(struct binder *b, const struct binding *row, const char *value)
{
    int64_t n;
    if (value)
        TRY(read_int(b, row->name, row->min, row->max, value, &n));
    const char *digits = value ? decimal(b, n) : NULL;
    if (row->fallback) {
        bind(b, digits);
        return NULL;
    }
    b->request->filtered = b->request->filtered || value;
    bind_filter(b, digits);
    return NULL;
}

static fallible check_filter(struct binder *b, const struct binding *row, const char *value)
{
    const char *detail = value ? filter_refuses(row, value, http_arena(b->http)) : NULL;
    return detail ? bad(b, row->name, detail) : NULL;
}

/* Digits, a sign and a point: no exponent, no name such as infinity. */
static bool is_number_of(const struct binding *row, const char *value)
{
    char *end;
    double n = strtod(value, &end);
    return *value && !*end && !value[strspn(value, "-0123456789.")] && n >= (double)row->min &&
           n <= (double)row->max;
}

static fallible bind_number(struct binder *b, const struct binding *row, const char *value)
{
    bool with = http_parameter(b->http, row->other);
    if (!value && with)
        return bad(b, row->name, arena_printf(http_arena(b->http), "Needed with %s.", row->other));
    if (value && !is_number_of(row, value))
        return bad(b, row->name,
                   arena_printf(http_arena(b->http), "A number from %lld to %lld.",
                                (long long)row->min, (long long)row->max));
    bind_filter(b, value);
    return NULL;
}

static fallible bind_time(struct binder *b, const struct binding *row, const char *value)
{
    int64_t at, first;
    char text[TIME_TEXT];
    const char *other = row->other ? http_parameter(b->http, row->other) : NULL;
    TRY(check_filter(b, row, value));
    if (value && !time_read(value, &at))
        value = arena_text(http_arena(b->http), time_format(at, text));
    if (value && other && !time_read(other, &first) && at < first)
        return bad(b, row->name,
                   arena_printf(http_arena(b->http), "Expected not before %s.", row->other));
    b->request->filtered = b->request->filtered || value;
    bind_filter(b, value);
    return NULL;
}

static fallible check_one_of(struct binder *b, const struct binding *row)
{
    if (http_parameter(b->http, row->name) || http_parameter(b->http, row->other))
        return NULL;
    return bad(b, row->name, arena_printf(http_arena(b->http), "Needed, or %s.", row->other));
}

/* Reads the keys only when all filters are bound: query_request_read calls it last. */
static fallible bind_cursor(struct binder *b, const struct binding *row, const char *value,
                            const char **places)
{
    int64_t keys[CURSOR_KEYS_MAX];
    int count = (int)row->max;
    for (int i = 0; i < count; i++)
        keys[i] = row->min;
    if (value && cursor_read(value, b->request->list, keys, count))
        return fault_at(b->fault, BAD_CURSOR, "cursor",
                        "Use `next` of the page before, with the same filters.");
    for (int i = 0; i < count; i++)
        places[i] = decimal(b, keys[i]);
    return NULL;
}

/* NULL means every agency: an admin's alone. */
static const char *own_agency(const struct claims *c)
{
    return !c || c->role == ADMIN ? NULL : c->agency;
}

static fallible bind_chosen_agency(struct binder *b, const struct binding *row, const char *value)
{
    const struct claims *c = b->who;
    const char *own = own_agency(c);
    TRY(check_filter(b, row, value));
    if (value && (!c || (c->role != ADMIN && !text_equal(value, own))))
        return fault_at(b->fault, WRONG_ROLE, row->name,
                        "Only an admin may choose another agency.");
    const char *agency = c && c->role == ADMIN ? value : own;
    b->request->filtered = b->request->filtered || !agency;
    bind_filter(b, agency);
    return NULL;
}

static void bind_subject(struct binder *b, const char *id)
{
    if (b->who && b->who->role != CITIZEN)
        b->request->subject = id;
    bind_filter(b, id);
}

static fallible bind_path_id(struct binder *b, const struct binding *row)
{
    const char *id = http_segment(b->http, row->name);
    char lower[UUID_TEXT];
    if (!id || !uuid_read(id, lower))
        return b->request->query->route->missing;
    bind_subject(b, arena_text(http_arena(b->http), lower));
    return NULL;
}

static fallible bind_path_word(struct binder *b, const struct binding *row)
{
    const char *word = http_segment(b->http, row->name);
    bool (*is_one)(const char *) = row->kind == BIND_PATH_CODE ? is_code : is_word;
    if (!word || !is_one(word))
        return b->request->query->route->missing;
    bind_filter(b, word);
    return NULL;
}

static void bind_language(struct binder *b)
{
    b->request->language = language_tags[http_language(b->http)];
    bind(b, b->request->language);
}

static fallible bind_user(struct binder *b, const struct binding *row, const char *value)
{
    char lower[UUID_TEXT];
    b->request->filtered = b->request->filtered || value;
    TRY(check_filter(b, row, value));
    if (text_equal(value, "me"))
        value = b->who ? b->who->user_id : NULL;
    else if (value && uuid_read(value, lower))
        value = arena_text(http_arena(b->http), lower);
    bind_filter(b, value);
    return NULL;
}

static fallible bind_id(struct binder *b, const struct binding *row, const char *value)
{
    char lower[UUID_TEXT];
    if (!value && row->min)
        return bad(b, row->name, "Needed.");
    b->request->filtered = b->request->filtered || value;
    TRY(check_filter(b, row, value));
    const char *id =
        value && uuid_read(value, lower) ? arena_text(http_arena(b->http), lower) : NULL;
    if (row->min)
        bind_subject(b, id);
    else
        bind_filter(b, id);
    return NULL;
}

static fallible bind_one(struct binder *b, const struct binding *row)
{
    const struct claims *c = b->who;
    const char *given = row->name ? http_parameter(b->http, row->name) : NULL;
    const char *value = given ? given : row->fallback;
    switch (row->kind) {
    case BIND_PATH_ID: return bind_path_id(b, row);
    case BIND_PATH_WORD:
    case BIND_PATH_CODE: return bind_path_word(b, row);
    case BIND_INT: return bind_int(b, row, value);
    case BIND_ID: return bind_id(b, row, value);
    case BIND_NUMBER: return bind_number(b, row, value);
    case BIND_TIME: return bind_time(b, row, value);
    case BIND_ONE_OF: return check_one_of(b, row);
    case BIND_WORD:
        TRY(check_filter(b, row, value));
        b->request->filtered = b->request->filtered || (given && !row->fallback) ||
                               (row->apart && text_equal(value, row->apart));
        bind_filter(b, value);
        return NULL;
    case BIND_CHOSEN_AGENCY: return bind_chosen_agency(b, row, value);
    case BIND_USER: return bind_user(b, row, value);
    case BIND_TEXT:
        TRY(check_filter(b, row, value));
        b->request->filtered = b->request->filtered || given;
        bind_filter(b, value);
        return NULL;
    case BIND_PLANNER:
    case BIND_MADE_BY: return NULL;
    case BIND_CURSOR: /* its places; the keys come last */
        for (int i = 0; i < row->max; i++)
            bind(b, NULL);
        return NULL;
    case BIND_SECOND: bind(b, decimal(b, time_monotonic() / 1000000)); return NULL;
    case BIND_LANGUAGE: bind_language(b); return NULL;
    case BIND_ACTOR: bind(b, c ? c->user_id : NULL); return NULL;
    case BIND_PSEUDONYM: bind(b, b->who ? b->who->pseudonym : NULL); return NULL;
    case BIND_ROLE: bind(b, c ? role_name(c->role) : NULL); return NULL;
    case BIND_AGENCY: bind(b, own_agency(c)); return NULL;
    case BIND_END: break;
    }
    return INTERNAL;
}

static fallible bind_all(struct binder *b)
{
    const struct binding *rows = b->request->query->route->bindings, *cursor = NULL;
    int place = 0;
    for (const struct binding *row = rows; row->kind; row++) {
        if (row->kind == BIND_CURSOR) {
            cursor = row;
            place = b->request->count;
        }
        TRY(bind_one(b, row));
    }
    if (!cursor)
        return NULL;
    return bind_cursor(b, cursor, http_parameter(b->http, cursor->name),
                       &b->request->values[place]);
}

/* ---- parameters of every query ---- */

static bool takes(const struct route *route, const char *name)
{
    if (text_equal(name, "min_position") || text_equal(name, "wait_ms"))
        return true;
    for (const struct binding *row = route->bindings; row->kind; row++)
        if (row->kind >= BIND_INT && row->name && text_equal(row->name, name))
            return true;
    return false;
}

static fallible refuse_unknown(struct binder *b)
{
    for (int i = 0; i < http_parameters(b->http); i++) {
        const char *name, *value;
        http_parameter_at(b->http, i, &name, &value);
        if (!takes(b->request->query->route, name))
            return fault_at(b->fault, UNKNOWN_PARAMETER, name, NULL);
    }
    return NULL;
}

static fallible read_wait(struct binder *b)
{
    const char *position = http_parameter(b->http, "min_position");
    const char *wait = http_parameter(b->http, "wait_ms");
    int64_t ms = WAIT_MS;
    if (position)
        TRY(read_int(b, "min_position", 0, INT64_MAX, position, &b->request->min_position));
    if (PLANTED(MIN_POSITION_IGNORED))
        b->request->min_position = 0;
    if (wait)
        TRY(read_int(b, "wait_ms", 0, WAIT_MS_MAX, wait, &ms));
    b->request->arrived = time_monotonic();
    b->request->deadline = b->request->arrived + ms * 1000;
    return NULL;
}

fallible query_request_read(struct http_request *r, const struct query *q, const struct claims *who,
                            int64_t epoch, struct query_request **out, struct fault *f)
{
    struct query_request *request = arena_alloc(http_arena(r), sizeof(*request));
    struct binder b = {.http = r, .who = who, .request = request, .fault = f};
    *request =
        (struct query_request){.http = r, .query = q, .list = digest_on_text(0, q->route->file)};
    if (epoch > 1) /* keys of a cursor are positions, which come again in another life */
        request->list = digest_on(request->list, &epoch, sizeof(epoch));
    TRY(refuse_unknown(&b));
    TRY(read_wait(&b));
    TRY(bind_all(&b));
    request->accepts_gzip = accepts_gzip(http_header(r, HTTP_ACCEPT_ENCODING));
    *out = request;
    return NULL;
}

const struct query_form *query_request_form(const struct query_request *request)
{
    return request->filtered && request->query->filtered.statement.sql ? &request->query->filtered
                                                                       : &request->query->plain;
}

/* ---- the key ---- */

static size_t add_part(char *at, const char *part)
{
    size_t length = part ? strlen(part) : SIZE_MAX;
    memcpy(at, &length, sizeof(length));
    if (!part)
        return sizeof(length);
    memcpy(at + sizeof(length), part, length);
    return sizeof(length) + length;
}

const char *query_request_key(const struct query_request *request, uint64_t version, size_t *length)
{
    size_t size = sizeof(version) + sizeof(request->query);
    for (int i = 0; i < request->count; i++)
        size += sizeof(size_t) + (request->values[i] ? strlen(request->values[i]) : 0);
    char *key = arena_alloc(http_arena(request->http), size), *at = key;
    memcpy(at, &version, sizeof(version));
    memcpy(at + sizeof(version), &request->query, sizeof(request->query));
    at += sizeof(version) + sizeof(request->query);
    for (int i = 0; i < request->count; i++)
        at += add_part(at, request->values[i]);
    *length = size;
    return key;
}
