/* response.c -- bodies with a count of references, and the headers that go with them. */
#include "query-api/response.h"

#include <ctype.h>
#include <stdatomic.h>

#include "platform/identity/digest.h"
#include "platform/http/etag.h"
#include "platform/http/gzip.h"
#include "platform/http/http.h"
#include "base/banned.h"

enum { GZIP_MIN = 1024 };

struct response {
    atomic_int references;
    int64_t position, total;
    const char *content_type;
    char *body, *gzipped; /* gzipped: NULL if nobody wants it or it is not worth it */
    size_t length, gzipped_length;
    bool gzip_tried;
    bool is_item, by_accept;
    const char *language;
    char read_kind[24]; /* "" : any */
    char weak_tag[96];  /* W/"…"; the strong one begins behind W/ */
};

struct response *response_new(char *body, size_t length, const struct response_facts *facts,
                              bool gzip)
{
    struct response *response = must_alloc(1, sizeof(*response));
    *response = (struct response){.position = facts->position,
                                  .total = facts->total,
                                  .content_type = facts->content_type,
                                  .body = body,
                                  .length = length,
                                  .is_item = facts->version,
                                  .by_accept = facts->by_accept,
                                  .language = facts->language,
                                  .gzip_tried = gzip || length <= GZIP_MIN};
    atomic_init(&response->references, 1);
    snprintf(response->read_kind, sizeof(response->read_kind), "%s",
             facts->read_kind ? facts->read_kind : "");
    uint64_t digest = digest_on(0, body, length);
    char epoch[24] = "";
    if (response->is_item && facts->epoch > 1)
        snprintf(epoch, sizeof(epoch), "-%lld", (long long)facts->epoch);
    snprintf(response->weak_tag, sizeof(response->weak_tag), "W/\"%s%s%016llx%s\"",
             response->is_item ? facts->version : "", response->is_item ? "-" : "",
             (unsigned long long)digest, epoch);
    if (gzip && length > GZIP_MIN)
        response->gzipped = gzip_compress(body, length, &response->gzipped_length);
    return response;
}

struct response *response_hold(struct response *response)
{
    atomic_fetch_add_explicit(&response->references, 1, memory_order_relaxed);
    return response;
}

void response_drop(struct response *response)
{
    if (!response || atomic_fetch_sub(&response->references, 1) > 1)
        return;
    free(response->body);
    free(response->gzipped);
    free(response);
}

int64_t response_position(const struct response *response)
{
    return response->position;
}

int64_t response_total(const struct response *response)
{
    return response->total;
}

const char *response_read_kind(const struct response *response)
{
    return *response->read_kind ? response->read_kind : NULL;
}

size_t response_bytes(const struct response *response)
{
    return sizeof(*response) + response->length + response->gzipped_length;
}

bool response_lacks_gzip(const struct response *response)
{
    return !response->gzip_tried;
}

/* ---- what the client's headers say ---- */

/* The weight in the parameters of one element of Accept-Encoding is zero: ";q=0", ";q=0.000". */
static bool is_refused(const char *parameters, size_t length)
{
    for (const char *p = parameters; p + 2 < parameters + length; p++)
        if ((p[0] == 'q' || p[0] == 'Q') && p[1] == '=')
            return p[2] == '0' && strspn(p + 3, ".0") >= strcspn(p + 3, ", \t;");
    return false;
}

bool accepts_gzip(const char *accept_encoding)
{
    const char *s = accept_encoding ? accept_encoding : "";
    bool any = false;
    while (*(s = s + strspn(s, " \t,"))) {
        size_t name = strcspn(s, " \t,;"), whole = strcspn(s, ",");
        bool taken = !is_refused(s + name, whole - name);
        if (name == 4 && strncasecmp(s, "gzip", 4) == 0)
            return taken;
        if (name == 1 && *s == '*')
            any = taken;
        s += whole;
    }
    return any;
}

bool names_tag(const char *if_none_match, const char *tag)
{
    struct etag one;
    size_t length = strlen(tag);
    if (!if_none_match || etag_is_any(if_none_match))
        return if_none_match;
    while (etag_next(&if_none_match, &one))
        if (one.length + 2 == length && strncmp(one.at, tag + 1, one.length) == 0)
            return true;
    return false;
}

/* ---- sending ---- */

static void drop_kept(void *keep)
{
    response_drop(keep);
}

static const char *vary_of(const struct response *response, bool personal, struct arena *a)
{
    return arena_join(a,
                      personal              ? "Authorization, "
                      : response->by_accept ? "Accept, "
                                            : "",
                      response->language ? "Accept-Language, " : "", "Accept-Encoding");
}

void response_send(struct response *response, struct http_request *r, const char *cache_control,
                   bool personal, int64_t position)
{
    bool gzipped = response->gzipped && accepts_gzip(http_header(r, HTTP_ACCEPT_ENCODING));
    bool known = names_tag(http_header(r, HTTP_IF_NONE_MATCH), response->weak_tag + 2);
    struct http_answer out = {.status = known ? 304 : 200, .content_type = response->content_type};
    struct http_header_row *h = out.headers;
    *h++ = (struct http_header_row){"ETag", response->is_item && !gzipped ? response->weak_tag + 2
                                                                          : response->weak_tag};
    *h++ = (struct http_header_row){"Cache-Control", cache_control};
    *h++ = (struct http_header_row){"Vary", vary_of(response, personal, http_arena(r))};
    if (response->language)
        *h++ = (struct http_header_row){"Content-Language", response->language};
    if (position >= 0)
        *h++ = (struct http_header_row){"X-Event-Position",
                                        arena_printf(http_arena(r), "%lld", (long long)position)};
    if (!known) {
        if (gzipped)
            *h++ = (struct http_header_row){"Content-Encoding", "gzip"};
        out.body = gzipped ? response->gzipped : response->body;
        out.length = gzipped ? response->gzipped_length : response->length;
        out.release = drop_kept;
        out.keep = response_hold(response);
    }
    http_reply(r, &out);
}
