/* answer.c -- bodies with a count of references, and the headers that go with them. */
#include "query-api/answer.h"

#include <ctype.h>
#include <stdatomic.h>

#include "platform/etag.h"
#include "platform/gzip.h"
#include "platform/http.h"
#include "query-api/cursor.h"
#include "base/banned.h"

enum { PACK_LEAST = 1024 };

struct answer {
    atomic_int references;
    int64_t position, total;
    const char *content_type;
    char *body, *packed; /* packed: NULL if it was not asked for or is not worth it */
    size_t length, packed_length;
    bool pack_tried;
    bool is_item, by_accept;
    char weak_tag[96]; /* W/"…"; the strong one begins behind W/ */
    char position_text[24];
};

struct answer *answer_new(char *body, size_t length, const struct answer_facts *facts, bool pack)
{
    struct answer *a = must_alloc(1, sizeof(*a));
    *a = (struct answer){.position = facts->position,
                         .total = facts->total,
                         .content_type = facts->content_type,
                         .body = body,
                         .length = length,
                         .is_item = facts->version,
                         .by_accept = facts->by_accept,
                         .pack_tried = pack || length <= PACK_LEAST};
    atomic_init(&a->references, 1);
    uint64_t digest = digest_bytes(DIGEST_START, body, length);
    char epoch[24] = "";
    if (a->is_item && facts->epoch > 1)
        snprintf(epoch, sizeof(epoch), "-%lld", (long long)facts->epoch);
    snprintf(a->weak_tag, sizeof(a->weak_tag), "W/\"%s%s%016llx%s\"",
             a->is_item ? facts->version : "", a->is_item ? "-" : "", (unsigned long long)digest,
             epoch);
    snprintf(a->position_text, sizeof(a->position_text), "%lld", (long long)a->position);
    if (pack && length > PACK_LEAST)
        a->packed = gzip_pack(body, length, &a->packed_length);
    return a;
}

struct answer *answer_hold(struct answer *a)
{
    atomic_fetch_add_explicit(&a->references, 1, memory_order_relaxed);
    return a;
}

void answer_drop(struct answer *a)
{
    if (!a || atomic_fetch_sub(&a->references, 1) > 1)
        return;
    free(a->body);
    free(a->packed);
    free(a);
}

int64_t answer_position(const struct answer *a)
{
    return a->position;
}

int64_t answer_total(const struct answer *a)
{
    return a->total;
}

size_t answer_bytes(const struct answer *a)
{
    return sizeof(*a) + a->length + a->packed_length;
}

bool answer_lacks_pack(const struct answer *a)
{
    return !a->pack_tried;
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

bool takes_gzip(const char *accept_encoding)
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
    answer_drop(keep);
}

void answer_send(struct answer *a, struct http_request *r, const char *cache_control, bool personal)
{
    bool packed = a->packed && takes_gzip(http_header(r, HTTP_ACCEPT_ENCODING));
    bool known = names_tag(http_header(r, HTTP_IF_NONE_MATCH), a->weak_tag + 2);
    struct http_answer out = {.status = known ? 304 : 200, .content_type = a->content_type};
    struct http_header_row *h = out.headers;
    *h++ = (struct http_header_row){"ETag", a->is_item && !packed ? a->weak_tag + 2 : a->weak_tag};
    *h++ = (struct http_header_row){"Cache-Control", cache_control};
    *h++ = (struct http_header_row){"Vary", personal       ? "Authorization, Accept-Encoding"
                                            : a->by_accept ? "Accept, Accept-Encoding"
                                                           : "Accept-Encoding"};
    if (a->position >= 0)
        *h++ = (struct http_header_row){"X-Event-Position", a->position_text};
    if (!known) {
        if (packed)
            *h++ = (struct http_header_row){"Content-Encoding", "gzip"};
        out.body = packed ? a->packed : a->body;
        out.length = packed ? a->packed_length : a->length;
        out.release = drop_kept;
        out.keep = answer_hold(a);
    }
    http_reply(r, &out);
}
