/* text.h -- questions about texts, and a growing text. Texts are UTF-8, ended by NUL. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

/* NULL equals NULL only. */
bool text_equal(const char *a, const char *b);
bool text_starts(const char *s, const char *prefix);

/* Whole text as a decimal integer without sign tricks, spaces or overflow; false leaves *out. */
bool text_to_int(const char *s, int64_t *out);

enum { INT_TEXT = 24 }; /* bytes, with the NUL */
/* The integer in decimal, somewhere in `out`. */
const char *int_text(int64_t n, char out[INT_TEXT]);

/* Two lower-case hexadecimal digits for each byte, and a NUL. In the same time for any bytes. */
void text_hex(const unsigned char *bytes, size_t count, char *out);

/* "Expected one of a, b, c.", in `a`. `words` are ended by NULL. */
const char *text_expected(struct arena *a, const char *const *words);

/* Copies as much of `s` as fits before `end`, with its NUL; returns where the NUL is. */
char *text_put(char *at, const char *end, const char *s);

/* Number of Unicode characters, or -1 if the bytes are not valid UTF-8 (RFC 3629). */
long text_characters(const char *s, size_t bytes);

/* How many bytes at the start of `s` are visible ASCII or spaces. */
size_t text_ascii(const char *s, size_t bytes);

/* How many bytes at the start of `s` stand in a JSON string as they are: no quote, no backslash,
 * no control character. */
size_t text_plain(const char *s, size_t bytes);

/* The character that begins at `s`, of at least one byte; its length in bytes, 0 if it is not valid
 * UTF-8. */
size_t text_character(const char *s, size_t left, uint32_t *out);

/* Shows nothing: empty, or no character but white space, control characters, default-ignorable ones
 * and fillers (Unicode 15, from ICU). What is not valid UTF-8 is not blank. */
bool text_is_blank(const char *s);

/* A text that grows. Starts as { 0 }; `at` is NULL while empty, else ended by NUL. */
struct text {
    char *at;
    size_t length;
    size_t size;
};

void text_append_bytes(struct text *t, const void *s, size_t length);
static inline void text_append(struct text *t, const char *s)
{
    text_append_bytes(t, s, strlen(s)); /* here, where the length of a constant is one */
}
void text_append_char(struct text *t, char c);
void text_append_int(struct text *t, int64_t n);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `s` as a JSON string with its quotes; NULL as null. */
void text_append_json(struct text *t, const char *s);
/* For a terminal, plain or JSON: control characters (C0, C1), those that change the direction of
 * writing and those that end a line as \u001b, bytes that are not UTF-8 as \xff. */
void text_append_visible(struct text *t, const char *s);
void text_clear(struct text *t);               /* length 0, memory kept */
void text_drop(struct text *t, size_t length); /* its first bytes */
void text_release(struct text *t);
/* The characters so far, never NULL; borrowed. */
const char *text_value(const struct text *t);
/* Moves the bytes out; the caller frees them with free(). Never NULL. */
char *text_take(struct text *t);

#define scoped_text __attribute__((cleanup(text_release))) struct text
