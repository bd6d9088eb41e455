/* shape.c -- a struct from JSON, by the rows of its shape: in one pass, without a tree. */
#include "base/shape.h"

#include <math.h>

#include "base/json.h"
#include "base/time.h"
#include "base/banned.h"

enum { MAX_TEXTS = 32, MAX_KEY = 16, FIRST_ITEMS = 8 };
static const double LARGEST_INT = 1e15; /* doubles are exact there, and print as integers */

struct reader {
    struct json *json;
    struct arena *arena;
    struct fault *fault;
    const struct reader *outer; /* of the object that this one is a member of, */
    const char *member;         /* by this name; NULL: the body itself */
    int item;                   /* its place in the list of that name, from 1; 0: it is in none */
    bool stored;                /* rules that are younger than it do not count */
};

/* Of a member, or of the object itself if `name` is NULL. */
static const char *path(const struct reader *r, const char *name)
{
    if (!r->outer)
        return arena_text(r->arena, name);
    const char *own = path(r->outer, r->member);
    if (r->item)
        own = arena_printf(r->arena, "%s[%d]", own, r->item - 1);
    return name ? arena_printf(r->arena, "%s.%s", own, name) : own;
}

static const struct problem *refuse_body(const struct reader *r, const struct problem *p,
                                         const char *name, const char *detail)
{
    return fault_at(r->fault, p, path(r, name), detail);
}

/* What base/json refused; p may be NULL. */
static fallible at_member(const struct reader *r, const struct problem *p, const char *name)
{
    return p ? refuse_body(r, p, name, json_detail(r->json)) : NULL;
}

/* Ended by NUL, which takes the place of the closing quote. */
static const char *ended(const struct span *s)
{
    char *text = (char *)s->at; /* in the reader's own copy, or in the arena */
    text[s->length] = '\0';
    return text;
}

static fallible expect(const struct reader *r, enum json_kind kind, const char *name,
                       const char *detail)
{
    enum json_kind is = json_kind(r->json);
    if (is == kind)
        return NULL;
    if (is != JSON_NONE)
        return refuse_body(r, WRONG_TYPE, name, detail);
    return at_member(r, json_skip_value(r->json, 0), name); /* refuses, and says what is wrong */
}

/* ---- values ---- */

static fallible read_string(const struct reader *r, const struct field *f, const char **out)
{
    struct span s;
    TRY(expect(r, JSON_STRING, f->name, "Expected a string."));
    TRY(at_member(r, json_take_string(r->json, &s), f->name));
    *out = ended(&s);
    if (!r->stored && text_is_blank(*out))
        return refuse_body(
            r, BLANK, f->name,
            "The text must show something: white space and invisible characters do not.");
    if (f->limit && (int64_t)s.length > f->limit && text_characters(s.at, s.length) > f->limit)
        return refuse_body(r, TOO_LONG, f->name,
                           arena_printf(r->arena, "At most %lld characters.", (long long)f->limit));
    return NULL;
}

/* Whatever case it comes in, in lower case: the text is the reader's own. */
static fallible read_uuid(const struct reader *r, const struct field *f, const char *s)
{
    if (!uuid_read(s, (char *)(uintptr_t)s))
        return refuse_body(r, BAD_TEXT, f->name, "Expected a UUID.");
    return NULL;
}

static fallible read_word(const struct reader *r, const struct field *f, const char *s)
{
    for (const char *const *w = f->sub; *w; w++)
        if (text_equal(*w, s))
            return NULL;
    return refuse_body(r, NOT_A_CHOICE, f->name, text_expected(r->arena, f->sub));
}

static fallible read_time(const struct reader *r, const struct field *f, int64_t *out)
{
    const char *s;
    TRY(read_string(r, f, &s));
    const struct problem *p = time_read(s, out);
    if (p == OUT_OF_RANGE)
        return refuse_body(r, p, f->name, "There is no such day, hour or second.");
    return p ? refuse_body(r, p, f->name, "Expected a time like 2026-01-02T20:00:00Z.") : NULL;
}

static fallible read_moment(const struct reader *r, const struct field *f, const int64_t **out)
{
    int64_t *moment = arena_alloc(r->arena, sizeof(*moment));
    TRY(read_time(r, f, moment));
    *out = moment;
    return NULL;
}

static const struct problem *refuse_size(const struct reader *r, const struct field *f, double min,
                                         double limit)
{
    return refuse_body(r, OUT_OF_RANGE, f->name,
                       arena_printf(r->arena, "Expected a value from %.0f to %.0f.", min, limit));
}

/* The text goes on behind the digits with what can stand in no number, so strtod ends there. */
static fallible read_number(const struct reader *r, const struct field *f, double *out)
{
    bool integer = f->kind == KIND_INT || f->kind == KIND_AMOUNT;
    double limit = f->limit ? (double)f->limit : LARGEST_INT;
    double min = f->kind == KIND_AMOUNT ? 1 : f->kind == KIND_EXTENT ? 0 : -limit;
    const char *expected = integer ? "Expected an integer." : "Expected a number.";
    struct span digits;
    TRY(expect(r, JSON_NUMBER, f->name, expected));
    TRY(at_member(r, json_take_number(r->json, &digits), f->name));
    double n = strtod(digits.at, NULL);
    if (integer && isfinite(n) && n != floor(n))
        return refuse_body(r, WRONG_TYPE, f->name, expected);
    if (!(n >= min && n <= limit))
        return refuse_size(r, f, min, limit);
    *out = n;
    return NULL;
}

static fallible read_bool(const struct reader *r, const struct field *f, bool *out)
{
    TRY(expect(r, JSON_BOOL, f->name, "Expected true or false."));
    return at_member(r, json_take_bool(r->json, out), f->name);
}

static fallible read_flag(const struct reader *r, const struct field *f, const bool **out)
{
    bool *flag = arena_alloc(r->arena, sizeof(*flag));
    TRY(read_bool(r, f, flag));
    *out = flag;
    return NULL;
}

/* The next member of the object whose reader this is; *name is NULL behind the last one. */
static fallible next_member(const struct reader *r, bool *begun, const char **name)
{
    struct span s;
    bool more;
    *name = NULL;
    TRY(at_member(r, json_take_member(r->json, begun, &more, &s), NULL));
    if (more)
        *name = ended(&s);
    return NULL;
}

/* The reader of what the member holds. */
static struct reader reader_of(const struct reader *r, const struct field *f)
{
    struct reader inner = *r;
    inner.outer = r;
    inner.member = f->name;
    inner.item = 0;
    return inner;
}

/* ---- texts by key ---- */

static bool is_key(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return n && n <= MAX_KEY && !s[n];
}

static fallible read_pair(const struct reader *r, const char *key, int64_t limit, struct texts *t)
{
    struct field one = {.name = key, .limit = limit};
    for (int i = 0; i < t->count; i++)
        if (text_equal(t->at[i].key, key))
            return refuse_body(r, DUPLICATE_FIELD, key, NULL);
    if (!is_key(key))
        return refuse_body(r, BAD_TEXT, NULL,
                           "A key is 1 to 16 letters, digits, dashes and underscores.");
    if (t->count == MAX_TEXTS)
        return refuse_body(r, OUT_OF_RANGE, NULL, "Expected 1 to 32 texts.");
    t->at[t->count].key = key;
    TRY(read_string(r, &one, &t->at[t->count].value));
    t->count++;
    return NULL;
}

static fallible read_texts(const struct reader *r, const struct field *f, const struct texts **out)
{
    TRY(expect(r, JSON_OBJECT, f->name, "Expected an object of texts."));
    struct reader inner = reader_of(r, f);
    struct texts *t = arena_alloc(r->arena, sizeof(*t));
    t->at = arena_array(r->arena, MAX_TEXTS, sizeof(*t->at));
    const char *key;
    bool begun = false;
    TRY(next_member(&inner, &begun, &key));
    for (; key;) {
        TRY(read_pair(&inner, key, f->limit, t));
        TRY(next_member(&inner, &begun, &key));
    }
    if (!t->count)
        return refuse_body(r, OUT_OF_RANGE, f->name, "Expected 1 to 32 texts.");
    *out = t;
    return NULL;
}

/* ---- objects, and lists of them ---- */

static fallible read_object(const struct reader *r, const struct shape *shape, unsigned char *to);

static fallible read_sub(const struct reader *r, const struct field *f, const void **out)
{
    const struct shape *sub = f->sub;
    TRY(expect(r, JSON_OBJECT, f->name, "Expected an object."));
    struct reader inner = reader_of(r, f);
    void *to = arena_alloc(r->arena, sub->size);
    TRY(read_object(&inner, sub, to));
    *out = to;
    return NULL;
}

/* Room for one more: twice as much whenever it is used up. */
static unsigned char *next_item(const struct reader *r, struct shape_list *list, size_t size)
{
    bool full = list->count >= FIRST_ITEMS && (list->count & (list->count - 1)) == 0;
    if (!list->count || full) {
        size_t room = list->count ? 2 * (size_t)list->count : FIRST_ITEMS;
        void *items = arena_array(r->arena, room, size);
        if (list->count)
            memcpy(items, list->at, (size_t)list->count * size);
        list->at = items;
    }
    return (unsigned char *)(uintptr_t)list->at + (size_t)list->count * size;
}

static fallible read_member(const struct reader *r, const struct field *f, unsigned char *to);

/* The value alone, or an object. */
static fallible read_item(const struct reader *r, const struct shape *of, unsigned char *to)
{
    struct field only = *of->fields();
    only.name = NULL; /* the element is named by its place */
    if (of->bare)
        return read_member(r, &only, to + only.offset);
    TRY(expect(r, JSON_OBJECT, NULL, "Expected an object."));
    return read_object(r, of, to);
}

static fallible read_list(const struct reader *r, const struct field *f,
                          const struct shape_list **out)
{
    const struct shape *sub = f->sub;
    struct shape_list *list = arena_alloc(r->arena, sizeof(*list));
    struct reader inner = reader_of(r, f);
    bool begun = false, more;
    TRY(expect(r, JSON_ARRAY, f->name, "Expected an array."));
    for (;;) {
        TRY(at_member(r, json_take_element(r->json, &begun, &more), f->name));
        if (!more)
            break;
        if (list->count == f->limit)
            return refuse_body(r, OUT_OF_RANGE, f->name,
                               arena_printf(r->arena, "At most %d items.", list->count));
        inner.item = list->count + 1;
        TRY(read_item(&inner, sub, next_item(r, list, sub->size)));
        list->count++;
    }
    *out = list;
    return NULL;
}

static fallible read_member(const struct reader *r, const struct field *f, unsigned char *to)
{
    const char *s = NULL;
    double n = 0;
    switch (f->kind) {
    case KIND_TEXT: return read_string(r, f, (const char **)(void *)to);
    case KIND_UUID:
    case KIND_WORD:
        TRY(read_string(r, f, &s));
        memcpy(to, &s, sizeof(s));
        return f->kind == KIND_UUID ? read_uuid(r, f, s) : read_word(r, f, s);
    case KIND_TIME: return read_time(r, f, (int64_t *)(void *)to);
    case KIND_MOMENT: return read_moment(r, f, (const int64_t **)(void *)to);
    case KIND_INT:
    case KIND_AMOUNT:
        TRY(read_number(r, f, &n));
        *(int64_t *)(void *)to = (int64_t)n;
        return NULL;
    case KIND_NUMBER: return read_number(r, f, (double *)(void *)to);
    case KIND_EXTENT:
        return read_number(r, f, *(double **)(void *)to = arena_alloc(r->arena, sizeof(double)));
    case KIND_BOOL: return read_bool(r, f, (bool *)to);
    case KIND_FLAG: return read_flag(r, f, (const bool **)(void *)to);
    case KIND_OBJECT: return read_sub(r, f, (const void **)(void *)to);
    case KIND_TEXTS: return read_texts(r, f, (const struct texts **)(void *)to);
    case KIND_LIST: return read_list(r, f, (const struct shape_list **)(void *)to);
    }
    return INTERNAL;
}

static const struct field *find(const struct shape *shape, const char *name)
{
    const struct field *fields = shape->fields();
    for (int i = 0; i < shape->count; i++)
        if (text_equal(fields[i].name, name))
            return &fields[i];
    return NULL;
}

static fallible read_named(const struct reader *r, const struct shape *shape, const char *name,
                           bool *seen, unsigned char *to)
{
    const struct field *f = find(shape, name);
    if (!f)
        return refuse_body(r, UNKNOWN_FIELD, name, NULL);
    bool *mine = &seen[f - shape->fields()];
    if (*mine)
        return refuse_body(r, DUPLICATE_FIELD, f->name, NULL);
    *mine = true;
    if (f->presence != REQUIRED && json_kind(r->json) == JSON_NULL) {
        if (f->cleared)
            *(bool *)(to + f->cleared) = true;
        return at_member(r, json_take_null(r->json), f->name);
    }
    return read_member(r, f, to + f->offset);
}

static bool must_be_there(const struct field *f)
{
    return f->presence == REQUIRED || f->presence == NULLABLE;
}

static fallible read_object(const struct reader *r, const struct shape *shape, unsigned char *to)
{
    const struct field *fields = shape->fields();
    bool *seen = arena_array(r->arena, (size_t)shape->count, sizeof(bool)), begun = false;
    const char *name;
    TRY(next_member(r, &begun, &name));
    while (name) {
        TRY(read_named(r, shape, name, seen, to));
        TRY(next_member(r, &begun, &name));
    }
    for (int i = 0; i < shape->count; i++)
        if (must_be_there(&fields[i]) && !seen[i])
            return refuse_body(r, MISSING_FIELD, fields[i].name, "This field is required.");
    const char *detail = NULL;
    const struct problem *p = shape->refuse && !r->stored ? shape->refuse(to, &detail) : NULL;
    return p ? refuse_body(r, p, NULL, detail) : NULL;
}

static fallible read_body(const struct reader *r, const struct shape *shape, void *out)
{
    if (text_starts(r->json->at, "\xef\xbb\xbf"))
        return refuse_body(r, MALFORMED, NULL, "The body begins with a byte order mark.");
    if (json_kind(r->json) != JSON_OBJECT)
        return refuse_body(r, MALFORMED, NULL, "The body must be a JSON object.");
    void *to = arena_alloc(r->arena, shape->size);
    TRY(read_object(r, shape, to));
    TRY(at_member(r, json_take_end(r->json), NULL));
    memcpy(out, to, shape->size);
    return NULL;
}

/* In a copy: texts without escapes stay where they are in it. */
static fallible read_copy(const struct shape *shape, const char *json, size_t length, bool stored,
                          struct arena *a, void *out, struct fault *fault)
{
    struct json j = json_open(arena_bytes(a, json, length), length, a);
    struct reader r = {.json = &j, .arena = a, .fault = fault, .stored = stored};
    return read_body(&r, shape, out);
}

fallible shape_read(const struct shape *shape, const char *json, size_t length, struct arena *a,
                    void *out, struct fault *fault)
{
    return read_copy(shape, json, length, false, a, out, fault);
}

fallible shape_read_stored(const struct shape *shape, const char *json, struct arena *a, void *out,
                           struct fault *fault)
{
    return read_copy(shape, json, strlen(json), true, a, out, fault);
}
