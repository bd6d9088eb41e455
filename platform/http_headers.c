/* http_headers.c -- what evhttp 2.1.12 lets through and must not pass: repeated headers of which it
 * takes the first, a missing Host, names that are no names, lengths with a sign, a body where it
 * expects none and would read it as the next request. */
#include "platform/http_internal.h"

#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "base/text.h"
#include "base/time.h"
#include "base/banned.h"

/* Headers of which there can be one. */
static const char *const single[] = {"Host",          "Content-Length",  "Transfer-Encoding",
                                     "Authorization", "Idempotency-Key", "If-Match",
                                     "Content-Type",  "Expect"};
enum { SINGLES = sizeof(single) / sizeof(single[0]), HOST = 0, LENGTH = 1, ENCODING = 2 };

static bool is_token(const char *s)
{
    if (!*s)
        return false;
    for (; *s; s++)
        if (!((*s >= '0' && *s <= '9') || ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z') ||
              strchr("!#$%&'*+-.^_`|~", *s)))
            return false;
    return true;
}

static bool is_field_text(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
            return false;
    return true;
}

static bool is_digits(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == '\0';
}

static fallible look_at(const struct evkeyval *h, const char **found, struct fault *f)
{
    if (!is_token(h->key) || !is_field_text(h->value))
        return fault_at(f, BAD_HEADER, NULL, "A header has characters that are not allowed.");
    for (int i = 0; i < SINGLES; i++) {
        if (strcasecmp(h->key, single[i]))
            continue;
        if (found[i])
            return fault_at(f, BAD_HEADER, single[i], "This header occurs more than once.");
        found[i] = h->value;
    }
    return NULL;
}

/* For HEAD, TRACE and methods it does not know evhttp reads no body, whatever the headers say: its
 * bytes would be the next request. */
static bool has_unread_body(const struct http_request *r, const char *const *found)
{
    bool reads_none = r->raw->type == EVHTTP_REQ_HEAD || !*r->method;
    bool has_one = found[ENCODING] || (found[LENGTH] && strcmp(found[LENGTH], "0") != 0);
    return reads_none && has_one;
}

fallible headers_check(struct http_request *r, struct fault *f)
{
    const char *found[SINGLES] = {0};
    const struct evkeyval *h;
    TAILQ_FOREACH(h, r->raw->input_headers, next)
    TRY(look_at(h, found, f));
    if (r->raw->major != 1 || r->raw->minor < 0) {
        r->raw->major = r->raw->minor = 1; /* of the answer */
        return fault_at(f, MALFORMED, NULL, "This server speaks HTTP/1.0 and HTTP/1.1.");
    }
    if (r->raw->minor >= 1 && !found[HOST])
        return fault_at(f, BAD_HEADER, "Host", "HTTP/1.1 needs this header.");
    if (found[LENGTH] && (!is_digits(found[LENGTH]) || found[ENCODING]))
        return fault_at(f, BAD_HEADER, "Content-Length", "It is a number, without chunked coding.");
    if (found[ENCODING] && strcasecmp(found[ENCODING], "chunked") != 0)
        return fault_at(f, BAD_HEADER, "Transfer-Encoding", "The only coding taken is chunked.");
    if (has_unread_body(r, found))
        return fault_at(f, BAD_HEADER, "Content-Length", "This method has no body.");
    if (http_header(r, "Content-Encoding"))
        return fault_at(f, BAD_HEADER, "Content-Encoding", "Bodies are taken as they are.");
    return NULL;
}

/* ---- what they tell ---- */

static bool is_request_id(const char *s)
{
    size_t length = s ? strlen(s) : 0;
    if (length < 1 || length > 128)
        return false;
    for (; *s; s++)
        if (!((*s >= '0' && *s <= '9') || ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z') ||
              strchr("._-", *s)))
            return false;
    return true;
}

/* W3C Trace Context: 00-<32 hex>-<16 hex>-<2 hex>, neither id all zero. */
static bool is_traceparent(const char *s)
{
    static const char form[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
    if (!s || strlen(s) != sizeof(form) - 1 || !text_starts(s, "00"))
        return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == '-' ? s[i] != '-' : !strchr("0123456789abcdef", s[i]))
            return false;
    return strspn(s + 3, "0") < 32 && strspn(s + 36, "0") < 16;
}

void headers_read(struct http_request *r)
{
    char fresh[UUID_TEXT];
    const char *id = http_header(r, "X-Request-Id");
    const char *trace = http_header(r, "traceparent");
    r->id = is_request_id(id) ? id : arena_text(&r->arena, uuid_new(fresh));
    r->log_id = r->id;
    r->traceparent = is_traceparent(trace) ? trace : NULL;
}
