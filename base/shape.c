/* shape.c -- the only file that knows cJSON. What cJSON lets pass is refused before or after it:
 * see the cJSON rows of the trap tests in tests/contract/shape_test.c. */
#include "base/shape.h"

#include <math.h>
#include <pthread.h>

#include <cjson/cJSON.h>

#include "base/time.h"
#include "base/banned.h"

enum { MAX_DEPTH = 8, MAX_TEXTS = 32, MAX_TAG = 16 };
static const double LARGEST_INT = 1e15; /* doubles are exact there, and print as integers */

struct reader {
    struct arena *arena;
    struct fault *fault;
    const struct reader *outer; /* of the object that this one is a member of, */
    const char *member;         /* by this name; NULL: the body itself */
};

static const char *path(const struct reader *r, const char *name)
{
    return r->outer ? arena_printf(r->arena, "%s.%s", path(r->outer, r->member), name)
                    : arena_text(r->arena, name);
}

static const struct problem *refuse(const struct reader *r, const struct problem *p,
                                    const char *name, const char *detail)
{
    return fault_at(r->fault, p, path(r, name), detail);
}

/* ---- before cJSON: bytes that it would let pass, and nesting ---- */

static bool is_nul_escape(const char *s, size_t left)
{
    return left >= 6 && memcmp(s, "\\u0000", 6) == 0;
}

static fallible check_bytes(const char *json, size_t length, struct fault *fault)
{
    int depth = 0;
    bool inside = false;
    if (text_characters(json, length) < 0)
        return fault_at(fault, BAD_TEXT, NULL, "The body is not valid UTF-8.");
    for (size_t i = 0; i < length; i++) {
        if (inside)
            i += text_plain(json + i, length - i);
        if (i == length)
            break; /* in the middle of a string: cJSON refuses it */
        unsigned char c = (unsigned char)json[i];
        if (!c || (inside && c < 0x20))
            return fault_at(fault, BAD_TEXT, NULL, "A text holds a raw control character.");
        if (inside && is_nul_escape(json + i, length - i))
            return fault_at(fault, BAD_TEXT, NULL, "A text holds the character NUL.");
        if (inside && c == '\\')
            i++;
        else if (c == '"')
            inside = !inside;
        else if (!inside && (c == '{' || c == '['))
            depth++;
        else if (!inside && (c == '}' || c == ']'))
            depth--;
        if (depth > MAX_DEPTH)
            return fault_at(fault, MALFORMED, NULL, "The body is nested too deeply.");
    }
    return NULL;
}

/* ---- values ---- */

static fallible read_string(const struct reader *r, const struct field *f, const cJSON *v,
                            const char **out)
{
    if (!cJSON_IsString(v))
        return refuse(r, WRONG_TYPE, f->name, "Expected a string.");
    const char *s = v->valuestring;
    if (text_is_blank(s))
        return refuse(r, BLANK, f->name, "The text must not be blank.");
    if (f->limit && text_characters(s, strlen(s)) > f->limit)
        return refuse(r, TOO_LONG, f->name,
                      arena_printf(r->arena, "At most %lld characters.", (long long)f->limit));
    *out = s;
    return NULL;
}

static fallible read_uuid(const struct reader *r, const struct field *f, const char *s)
{
    if (!uuid_is_valid(s))
        return refuse(r, BAD_TEXT, f->name, "Expected a UUID in lower case.");
    return NULL;
}

static fallible read_word(const struct reader *r, const struct field *f, const char *s)
{
    scoped_text list = {0};
    for (const char *const *w = f->sub; *w; w++) {
        if (text_equal(*w, s))
            return NULL;
        text_printf(&list, "%s%s", list.length ? ", " : "", *w);
    }
    return refuse(r, NOT_A_CHOICE, f->name,
                  arena_printf(r->arena, "Expected one of %s.", text_value(&list)));
}

static fallible read_time(const struct reader *r, const struct field *f, const char *s,
                          int64_t *out)
{
    if (!time_parse(s, out))
        return refuse(r, BAD_TEXT, f->name, "Expected a time like 2026-01-02T20:00:00Z.");
    return NULL;
}

static fallible read_number(const struct reader *r, const struct field *f, const cJSON *v,
                            double *out)
{
    bool integer = f->kind == KIND_INT;
    double n = v->valuedouble;
    double limit = f->limit ? (double)f->limit : LARGEST_INT;
    if (!cJSON_IsNumber(v) || (integer && isfinite(n) && n != floor(n)))
        return refuse(r, WRONG_TYPE, f->name,
                      integer ? "Expected an integer." : "Expected a number.");
    if (!(fabs(n) <= limit))
        return refuse(r, OUT_OF_RANGE, f->name,
                      arena_printf(r->arena, "Expected a value from %.0f to %.0f.", -limit, limit));
    *out = n;
    return NULL;
}

static bool is_tag(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    return n && n <= MAX_TAG && !s[n];
}

static fallible read_texts(const struct reader *r, const struct field *f, const cJSON *v,
                           const struct texts **out)
{
    int count = cJSON_GetArraySize(v);
    if (!cJSON_IsObject(v))
        return refuse(r, WRONG_TYPE, f->name, "Expected an object of texts.");
    if (count < 1 || count > MAX_TEXTS)
        return refuse(r, OUT_OF_RANGE, f->name, "Expected 1 to 32 texts.");
    struct texts *t = arena_alloc(r->arena, sizeof(*t));
    t->at = arena_array(r->arena, (size_t)count, sizeof(*t->at));
    struct reader inner = {r->arena, r->fault, r, f->name};
    for (const cJSON *m = v->child; m; m = m->next) {
        struct field one = {.name = m->string, .limit = f->limit};
        for (int i = 0; i < t->count; i++)
            if (text_equal(t->at[i].key, one.name))
                return refuse(&inner, DUPLICATE_FIELD, one.name, NULL);
        if (!is_tag(one.name))
            return refuse(r, BAD_TEXT, f->name, "A key is not a language tag.");
        t->at[t->count].key = one.name;
        TRY(read_string(&inner, &one, m, &t->at[t->count].value));
        t->count++;
    }
    *out = t;
    return NULL;
}

static fallible read_object(const struct reader *r, const struct shape *shape, const cJSON *object,
                            unsigned char *to);

static fallible read_sub(const struct reader *r, const struct field *f, const cJSON *v,
                         const void **out)
{
    const struct shape *sub = f->sub;
    if (!cJSON_IsObject(v))
        return refuse(r, WRONG_TYPE, f->name, "Expected an object.");
    struct reader inner = {r->arena, r->fault, r, f->name};
    void *to = arena_alloc(r->arena, sub->size);
    TRY(read_object(&inner, sub, v, to));
    *out = to;
    return NULL;
}

static fallible read_member(const struct reader *r, const struct field *f, const cJSON *v,
                            unsigned char *to)
{
    const char *s = NULL;
    double n = 0;
    switch (f->kind) {
    case KIND_TEXT: return read_string(r, f, v, (const char **)(void *)to);
    case KIND_UUID:
    case KIND_WORD:
        TRY(read_string(r, f, v, &s));
        memcpy(to, &s, sizeof(s));
        return f->kind == KIND_UUID ? read_uuid(r, f, s) : read_word(r, f, s);
    case KIND_TIME: TRY(read_string(r, f, v, &s)); return read_time(r, f, s, (int64_t *)(void *)to);
    case KIND_INT:
        TRY(read_number(r, f, v, &n));
        *(int64_t *)(void *)to = (int64_t)n;
        return NULL;
    case KIND_NUMBER: return read_number(r, f, v, (double *)(void *)to);
    case KIND_BOOL:
        if (!cJSON_IsBool(v))
            return refuse(r, WRONG_TYPE, f->name, "Expected true or false.");
        *(bool *)to = cJSON_IsTrue(v);
        return NULL;
    case KIND_OBJECT: return read_sub(r, f, v, (const void **)(void *)to);
    case KIND_TEXTS: return read_texts(r, f, v, (const struct texts **)(void *)to);
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

static fallible read_object(const struct reader *r, const struct shape *shape, const cJSON *object,
                            unsigned char *to)
{
    const struct field *fields = shape->fields();
    bool *seen = arena_array(r->arena, (size_t)shape->count, sizeof(bool));
    for (const cJSON *m = object->child; m; m = m->next) {
        const struct field *f = find(shape, m->string);
        if (!f)
            return refuse(r, UNKNOWN_FIELD, m->string, NULL);
        if (seen[f - fields])
            return refuse(r, DUPLICATE_FIELD, f->name, NULL);
        seen[f - fields] = true;
        if (f->presence == OPTIONAL && cJSON_IsNull(m))
            continue;
        TRY(read_member(r, f, m, to + f->offset));
    }
    for (int i = 0; i < shape->count; i++)
        if (fields[i].presence == REQUIRED && !seen[i])
            return refuse(r, MISSING_FIELD, fields[i].name, "This field is required.");
    return NULL;
}

/* ---- cJSON's tree, in the reader's arena ----
 *
 * A body of six members would be seventeen allocations, each freed again. The hooks are the whole
 * process's, but nobody else in it knows cJSON; outside of `parse` they are malloc and free. Names
 * and texts of the tree live as long as the arena, so they need not be copied. */

static __thread struct arena *parsing;

static void *tree_alloc(size_t size)
{
    return parsing ? arena_alloc(parsing, size) : malloc(size);
}

static void tree_free(void *p)
{
    if (!parsing)
        free(p);
}

static void set_hooks(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){tree_alloc, tree_free});
}

static cJSON *parse(const char *json, size_t length, const char **stop, struct arena *a)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_hooks);
    parsing = a;
    cJSON *tree = cJSON_ParseWithLengthOpts(json, length, stop, 1);
    parsing = NULL;
    return tree;
}

fallible shape_read(const struct shape *shape, const char *json, size_t length, struct arena *a,
                    void *out, struct fault *fault)
{
    struct reader r = {a, fault, NULL, NULL};
    TRY(check_bytes(json, length, fault));
    if (length >= 3 && memcmp(json, "\xef\xbb\xbf", 3) == 0) /* cJSON would skip a BOM */
        return fault_at(fault, MALFORMED, NULL, "The body begins with a byte order mark.");
    char *ended = arena_bytes(a, json, length); /* cJSON reads the NUL to refuse trailing bytes */
    const char *stop = NULL;
    const cJSON *object = parse(ended, length + 1, &stop, a);
    if (!object)
        return fault_at(fault, MALFORMED, NULL,
                        arena_printf(a, "The body is not JSON, from byte %td on.",
                                     stop ? stop - ended : (ptrdiff_t)0));
    if (!cJSON_IsObject(object))
        return fault_at(fault, MALFORMED, NULL, "The body must be a JSON object.");
    void *to = arena_alloc(a, shape->size);
    TRY(read_object(&r, shape, object, to));
    memcpy(out, to, shape->size);
    return NULL;
}

/* ---- writing ---- */

static void write_texts(const struct texts *t, struct text *out)
{
    for (int i = 0; i < t->count; i++) {
        text_append_char(out, i ? ',' : '{');
        text_append_json(out, t->at[i].key);
        text_append_char(out, ':');
        text_append_json(out, t->at[i].value);
    }
    text_append_char(out, '}');
}

/* Coordinates and the like have few decimals: n is then the quotient of two integers that a double
 * holds exactly, and needs none of printf's long arithmetic. The limits are those within which
 * printf would write no exponent. */
static bool write_decimal(double n, struct text *out)
{
    double size = fabs(n), scale = 1;
    for (; scale <= 1e7 && size >= 1e-4 && size * scale < LARGEST_INT; scale *= 10) {
        int64_t whole = (int64_t)(size * scale + 0.5), unit = (int64_t)scale;
        if ((double)whole / scale != size)
            continue;
        char digits[INT_TEXT];
        text_append(out, n < 0 ? "-" : "");
        text_append_int(out, whole / unit);
        text_append(out, unit > 1 ? "." : "");
        text_append(out, int_text(unit + whole % unit, digits) + 1); /* behind the 1: with zeros */
        return true;
    }
    return false;
}

/* The shortest form that reads back as the same number: -6.914744, not -6.9147439999999998. */
static void write_number(double n, struct text *out)
{
    char digits[32];
    if (write_decimal(n, out))
        return;
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, n);
        if (strtod(digits, NULL) == n)
            break;
    }
    text_append(out, digits);
}

static bool is_absent(const struct field *f, const void *from)
{
    switch (f->kind) {
    case KIND_TEXT:
    case KIND_UUID:
    case KIND_WORD:
    case KIND_OBJECT:
    case KIND_TEXTS: return *(const void *const *)from == NULL;
    case KIND_TIME: return *(const int64_t *)from == 0;
    case KIND_INT:
    case KIND_NUMBER:
    case KIND_BOOL: return false;
    }
    return false;
}

static void write_member(const struct field *f, const void *from, struct text *out)
{
    char time[TIME_TEXT];
    switch (f->kind) {
    case KIND_TEXT:
    case KIND_UUID:
    case KIND_WORD: text_append_json(out, *(const char *const *)from); break;
    case KIND_TIME: text_append_json(out, time_format(*(const int64_t *)from, time)); break;
    case KIND_INT: text_append_int(out, *(const int64_t *)from); break;
    case KIND_NUMBER: write_number(*(const double *)from, out); break;
    case KIND_BOOL: text_append(out, *(const bool *)from ? "true" : "false"); break;
    case KIND_OBJECT: shape_write(f->sub, *(const void *const *)from, out); break;
    case KIND_TEXTS: write_texts(*(const struct texts *const *)from, out); break;
    }
}

void shape_write(const struct shape *shape, const void *from, struct text *out)
{
    char separator = '{';
    for (int i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields()[i];
        const void *member = (const unsigned char *)from + f->offset;
        if (is_absent(f, member))
            continue;
        text_append_char(out, separator);
        separator = ',';
        text_append_json(out, f->name);
        text_append_char(out, ':');
        write_member(f, member, out);
    }
    text_append(out, separator == '{' ? "{}" : "}");
}
