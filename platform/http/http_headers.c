/* http_headers.c -- what evhttp 2.1.12 lets through and must not pass: repeated headers of which it
 * takes the first, a missing Host, names that are no names, lengths with a sign, a body where it
 * expects none and would read it as the next request. */
#include "platform/http/http_internal.h"

#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "base/text.h"
#include "base/time.h"
#include "base/banned.h"

enum { REPEATED, REPEATED_LAST, ONCE };

#define HEADER(name, wire, often) {wire, sizeof(wire) - 1, often},
static const struct {
    const char *name;
    size_t length;
    int often;
} known[HTTP_HEADERS] = {
#include "platform/http/http_headers.def"
};
#undef HEADER

/* Of a token, RFC 9110 section 5.6.2. */
static const bool token_bytes[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true,  ['#'] = true,
    ['$'] = true,         ['%'] = true,         ['&'] = true,         ['\''] = true, ['*'] = true,
    ['+'] = true,         ['-'] = true,         ['.'] = true,         ['^'] = true,  ['_'] = true,
    ['`'] = true,         ['|'] = true,         ['~'] = true,
};

/* 0 if it is none. */
static size_t token_length(const char *s)
{
    size_t n = 0;
    while (token_bytes[(unsigned char)s[n]])
        n++;
    return s[n] ? 0 : n;
}

static bool is_field_text(const char *s)
{
    for (s += text_ascii(s, strlen(s)); *s; s++)
        if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
            return false;
    return true;
}

static bool is_digits(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == '\0';
}

/* HTTP_HEADERS if nobody here looks at it. */
static enum http_header header_named(const char *name, size_t length)
{
    enum http_header h = 0;
    while (h < HTTP_HEADERS && (known[h].length != length || strcasecmp(known[h].name, name) != 0))
        h++;
    return h;
}

static fallible take_header(struct http_request *r, const struct evkeyval *pair, struct fault *f)
{
    size_t length = token_length(pair->key);
    if (!length || !is_field_text(pair->value))
        return fault_at(f, BAD_HEADER, NULL, "A header has characters that are not allowed.");
    enum http_header h = header_named(pair->key, length);
    if (h == HTTP_HEADERS)
        return NULL;
    if (r->headers[h] && known[h].often == ONCE)
        return fault_at(f, BAD_HEADER, known[h].name, "This header occurs more than once.");
    if (!r->headers[h] || known[h].often == REPEATED_LAST)
        r->headers[h] = pair->value;
    return NULL;
}

/* All of them, also behind a bad one: the answer carries the request's id. */
static fallible take_headers(struct http_request *r, struct fault *f)
{
    const struct problem *first = NULL;
    const struct evkeyval *pair;
    TAILQ_FOREACH(pair, r->raw->input_headers, next)
    {
        const struct problem *p = take_header(r, pair, first ? NULL : f);
        first = first ? first : p;
    }
    return first;
}

/* For HEAD, TRACE and methods it does not know evhttp reads no body, whatever the headers say: its
 * bytes would be the next request. */
static bool has_unread_body(const struct http_request *r)
{
    const char *length = r->headers[HTTP_CONTENT_LENGTH];
    bool reads_none = r->raw->type == EVHTTP_REQ_HEAD || !*r->method;
    bool has_one = r->headers[HTTP_TRANSFER_ENCODING] || (length && strcmp(length, "0") != 0);
    return reads_none && has_one;
}

static fallible check_headers(struct http_request *r, struct fault *f)
{
    const char *length = r->headers[HTTP_CONTENT_LENGTH];
    const char *coding = r->headers[HTTP_TRANSFER_ENCODING];
    if (r->raw->major != 1 || r->raw->minor < 0) {
        r->raw->major = r->raw->minor = 1; /* of the answer */
        return fault_at(f, MALFORMED, NULL, "This server speaks HTTP/1.0 and HTTP/1.1.");
    }
    if (r->raw->minor >= 1 && !r->headers[HTTP_HOST])
        return fault_at(f, BAD_HEADER, "Host", "HTTP/1.1 needs this header.");
    if (length && (!is_digits(length) || coding))
        return fault_at(f, BAD_HEADER, "Content-Length", "It is a number, without chunked coding.");
    if (coding && strcasecmp(coding, "chunked") != 0)
        return fault_at(f, BAD_HEADER, "Transfer-Encoding", "The only coding taken is chunked.");
    if (has_unread_body(r))
        return fault_at(f, BAD_HEADER, "Content-Length", "This method has no body.");
    if (r->headers[HTTP_CONTENT_ENCODING])
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

static void read_ids(struct http_request *r)
{
    char fresh[UUID_TEXT];
    const char *id = r->headers[HTTP_X_REQUEST_ID];
    const char *trace = r->headers[HTTP_TRACEPARENT];
    r->id = is_request_id(id) ? id : arena_text(&r->arena, uuid_new(fresh));
    r->log_id = r->id;
    r->traceparent = is_traceparent(trace) ? trace : NULL;
}

fallible headers_read(struct http_request *r, struct fault *f)
{
    const struct problem *p = take_headers(r, f);
    read_ids(r);
    return p ? p : check_headers(r, f);
}
