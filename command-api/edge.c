/* edge.c -- see edge.h. */
#include "command-api/edge.h"

#include "base/time.h"
#include "writer/precondition.h"
#include "base/banned.h"

enum { KEY_MIN = 16, KEY_MAX = 128 };

void edge_actor(struct http_request *r, const struct claims *claims, struct actor *out)
{
    *out = (struct actor){.user_id = arena_text(http_arena(r), claims->user_id),
                          .pseudonym = arena_text(http_arena(r), claims->pseudonym),
                          .agency = arena_text(http_arena(r), claims->agency),
                          .role = claims->role};
}

static bool is_visible(const char *s)
{
    for (; *s; s++)
        if (*s < '!' || *s > '~')
            return false;
    return true;
}

fallible edge_key(struct http_request *r, const char **out, struct fault *f)
{
    const char *key = http_header(r, HTTP_IDEMPOTENCY_KEY);
    char own[UUID_TEXT];
    size_t length = key ? strlen(key) : KEY_MIN;
    if (length < KEY_MIN || length > KEY_MAX || (key && !is_visible(key)))
        return fault_at(f, BAD_HEADER, "Idempotency-Key", "Expected 16 to 128 visible characters.");
    *out = key ? key : arena_text(http_arena(r), uuid_new(own));
    return NULL;
}

static fallible read_precondition(const char *header, const char *name, bool taken,
                                  struct precondition *out, struct fault *f)
{
    if (!header)
        return NULL;
    if (!taken)
        return fault_at(f, BAD_HEADER, name, "This takes neither If-Match nor If-None-Match.");
    if (!precondition_read(header, out))
        return fault_at(f, BAD_HEADER, name,
                        "Expected *, or a list of \"<version>\" and ETags of the item.");
    return NULL;
}

fallible edge_preconditions(struct http_request *r, enum versioning v, struct command *c,
                            struct fault *f)
{
    TRY(read_precondition(http_header(r, HTTP_IF_MATCH), "If-Match", v == TAKES_IF_MATCH,
                          &c->if_match, f));
    return read_precondition(http_header(r, HTTP_IF_NONE_MATCH), "If-None-Match", v != NO_VERSION,
                             &c->if_none_match, f);
}

fallible edge_no_parameters(struct http_request *r, struct fault *f)
{
    const char *name, *value;
    if (!http_parameters(r))
        return NULL;
    http_parameter_at(r, 0, &name, &value);
    return fault_at(f, UNKNOWN_PARAMETER, name, NULL);
}
