/* audit_parameters.c -- see audit_parameters.h. */
#include "query-api/audit_parameters.h"

#include "base/time.h"
#include "platform/identity/digest.h"
#include "query-api/pages.h"
#include "base/banned.h"

enum { LIMIT = 50, LIMIT_MAX = 200, ROUTE_MAX = 128, DIGEST = 16 };

struct parameter_reader {
    struct audit_parameters *out;
    struct arena *arena;
    const char *me, *cursor, *detail; /* detail: of a value that is not taken */
};

/* ---- values: NULL is none of the right form ---- */

static bool take_text(struct parameter_reader *r, const char *value, const char **out)
{
    *out = arena_text(r->arena, value);
    return true;
}

static bool take_id(struct parameter_reader *r, const char *value, const char **out)
{
    char lower[UUID_TEXT];
    r->detail = "A UUID.";
    return uuid_read(value, lower) && take_text(r, lower, out);
}

static bool take_actor(struct parameter_reader *r, const char *value)
{
    bool taken = take_id(r, text_equal(value, "me") ? r->me : value, &r->out->terms.actor);
    r->detail = "A user's UUID, or me.";
    return taken;
}

static bool take_report(struct parameter_reader *r, const char *value)
{
    return take_id(r, value, &r->out->terms.subject);
}

static bool take_route(struct parameter_reader *r, const char *value)
{
    size_t length = strlen(value);
    r->detail = "The template of a route: a path with {names}.";
    return *value == '/' && text_characters(value, length) <= ROUTE_MAX &&
           text_characters(value, length) > 0 && take_text(r, value, &r->out->terms.route);
}

static bool take_int(struct parameter_reader *r, const char *value, int64_t min, int64_t max,
                     int64_t *out)
{
    r->detail =
        arena_printf(r->arena, "An integer from %lld to %lld.", (long long)min, (long long)max);
    return text_to_int(value, out) && *out >= min && *out <= max;
}

static bool take_status(struct parameter_reader *r, const char *value)
{
    return take_int(r, value, 100, 599, &r->out->terms.status);
}

static bool take_limit(struct parameter_reader *r, const char *value)
{
    int64_t limit = 0;
    bool taken = take_int(r, value, 1, LIMIT_MAX, &limit);
    r->out->limit = (int)limit;
    return taken;
}

static bool take_time(struct parameter_reader *r, const char *value, int64_t *out)
{
    r->detail = "A time of RFC 3339 after 1970, such as 2026-01-02T03:04:05Z.";
    return !time_read(value, out) && *out > 0;
}

static bool take_from(struct parameter_reader *r, const char *value)
{
    return take_time(r, value, &r->out->terms.from);
}

static bool take_to(struct parameter_reader *r, const char *value)
{
    return take_time(r, value, &r->out->terms.to);
}

static bool take_word(struct parameter_reader *r, const char *value, const char *const *words,
                      const char **out)
{
    r->detail = text_expected(r->arena, words);
    for (; *words; words++)
        if (text_equal(*words, value))
            return take_text(r, value, out);
    return false;
}

static bool take_kind(struct parameter_reader *r, const char *value)
{
#define KIND(name, book) #name,
    static const char *const kinds[] = {
#include "audit/kinds.def"
        NULL};
#undef KIND
    return take_word(r, value, kinds, &r->out->terms.kind);
}

static bool take_service(struct parameter_reader *r, const char *value)
{
    static const char *const services[] = {"command-api", "query-api",    "projector",
                                           "sla-worker",  "citywatchctl", NULL};
    return take_word(r, value, services, &r->out->terms.service);
}

static bool take_cursor(struct parameter_reader *r, const char *value)
{
    return take_text(r, value, &r->cursor);
}

static const struct {
    const char *name;
    bool (*take)(struct parameter_reader *r, const char *value);
    bool of_pages; /* and not of a stream, which has all that fits */
} parameters[] = {
    {"actor", take_actor, false},  {"route", take_route, false},     {"status", take_status, false},
    {"from", take_from, false},    {"to", take_to, false},           {"report", take_report, false},
    {"kind", take_kind, false},    {"service", take_service, false}, {"limit", take_limit, true},
    {"cursor", take_cursor, true},
};
enum { TAKEN = sizeof(parameters) / sizeof(parameters[0]) };

static fallible take_parameter(struct parameter_reader *r, const char *name, const char *value,
                               struct fault *f)
{
    int i = 0;
    while (i < TAKEN && !text_equal(parameters[i].name, name))
        i++;
    if (i == TAKEN)
        return fault_at(f, UNKNOWN_PARAMETER, name, NULL);
    if (parameters[i].of_pages && r->out->lines)
        return fault_at(f, BAD_PARAMETER, name, "Not of application/x-ndjson: that is all.");
    if (!parameters[i].take(r, value))
        return fault_at(f, BAD_PARAMETER, name, r->detail);
    return NULL;
}

/* ---- cursors: the digest of the list, then the place ---- */

static uint64_t digest_of(const struct audit_terms *w)
{
    const char *const texts[] = {w->actor, w->route, w->kind, w->service, w->subject};
    const int64_t numbers[] = {w->status, w->from, w->to};
    uint64_t list = digest_on_text(0, "audit");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        list = digest_on_text(list, texts[i]);
    return digest_on(list, numbers, sizeof(numbers));
}

static void write_digest(uint64_t list, char out[DIGEST + 1])
{
    snprintf(out, DIGEST + 1, "%016llx", (unsigned long long)list);
}

static fallible read_cursor(const struct parameter_reader *r, struct fault *f)
{
    char digest[DIGEST + 1];
    write_digest(r->out->list, digest);
    if (!r->cursor)
        return NULL;
    if (strncmp(r->cursor, digest, DIGEST) != 0 || r->cursor[DIGEST] != '~')
        return fault_at(f, BAD_CURSOR, "cursor",
                        "Use `next` of the page before, with the same filters.");
    r->out->place = r->cursor + DIGEST + 1;
    return NULL;
}

void audit_cursor_write(const struct audit_parameters *w, const char *place, struct text *out)
{
    char digest[DIGEST + 1];
    write_digest(w->list, digest);
    text_printf(out, "%s~%s", digest, place);
}

static bool wants_lines(const char *accept)
{
    return accept && accept_wants(accept, "application/x-ndjson", "application/*") >
                         accept_wants(accept, "application/json", "application/*");
}

fallible audit_parameters_read(const struct http_request *r, const char *me, struct arena *a,
                               struct audit_parameters *out, struct fault *f)
{
    struct parameter_reader reader = {.out = out, .arena = a, .me = me};
    *out = (struct audit_parameters){.limit = LIMIT,
                                     .lines = wants_lines(http_header(r, HTTP_ACCEPT))};
    for (int i = 0; i < http_parameters(r); i++) {
        const char *name, *value;
        http_parameter_at(r, i, &name, &value);
        TRY(take_parameter(&reader, name, value, f));
    }
    if (out->terms.to && out->terms.to < out->terms.from)
        return fault_at(f, BAD_PARAMETER, "to", "Expected not before from.");
    out->list = digest_of(&out->terms);
    return read_cursor(&reader, f);
}
