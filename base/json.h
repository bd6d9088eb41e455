/* json.h -- JSON read from front to back: RFC 8259 and nothing beside it. The only reader of JSON:
 * base/shape and base/members take an object's members by it.
 *
 * Every function moves `at` behind what it took. On a refusal `at` is where the text is wrong:
 * MALFORMED (no JSON), BAD_TEXT (a string that holds NUL, half a surrogate pair, a raw control
 * character or bytes that are not UTF-8); json_detail says it in a sentence.
 *
 * No function here may be named like one of libjansson, which libjwt brings along: it would be
 * called in its place. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/problem.h"

/* Not ended by NUL. */
struct span {
    const char *at; /* NULL: there is none */
    size_t length;
};

struct json {
    const char *at, *end; /* *end is NUL */
    const char *begin;
    struct arena *arena; /* of strings with escapes */
    const char *wrong;   /* after a refusal: a constant sentence without its full stop */
};

enum json_kind {
    JSON_NONE, /* no value begins here */
    JSON_STRING,
    JSON_NUMBER,
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_BOOL,
    JSON_NULL,
};

/* `text` is borrowed and has a NUL behind its `length` bytes. */
struct json json_open(const char *text, size_t length, struct arena *a);

/* Of the value that begins at `at`, or behind white space there, which is skipped. */
enum json_kind json_kind(struct json *j);

/* The characters of the string at `at`. Where it is written without escapes they lie in the text,
 * with the closing quote behind them; else in the arena, with a NUL behind them. */
fallible json_take_string(struct json *j, struct span *out);
/* As it is written, in decimal. */
fallible json_take_number(struct json *j, struct span *out);
fallible json_take_bool(struct json *j, bool *out);
fallible json_take_null(struct json *j);
/* Any value; with at most `depth` arrays and objects in each other. */
fallible json_skip_value(struct json *j, int depth);

/* Members of the object at `at`, one by one: *more is set and `at` is where the value begins, or
 * the object has ended. `*begun` is false before the first call. */
fallible json_take_member(struct json *j, bool *begun, bool *more, struct span *name);

/* Elements of the array at `at`, in the same way. */
fallible json_take_element(struct json *j, bool *begun, bool *more);

/* MALFORMED unless only white space is left. */
fallible json_take_end(struct json *j);

/* Of what was refused: "At byte 12 (+): expected a value." In the arena. */
const char *json_detail(const struct json *j);
