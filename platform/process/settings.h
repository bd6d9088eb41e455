/* settings.h -- the rows of settings.def as a struct, filled from the environment at start. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "base/text.h"

enum service_bit {
    COMMAND_API = 1,
    QUERY_API = 2,
    PROJECTOR = 4,
    SLA_WORKER = 8,
    EVERY_SERVICE = 15
};

#define TEXT                                          const char *
#define INT(min, max)                                 int64_t
#define WORD_OF(words)                                const char *
#define ADDRESS                                       const char *
#define ADDRESSES                                     const char *
#define SERVICE_PLACES                                const char *
#define DATABASE                                      const char *
#define MONGODB                                       const char *
#define FILE_OF(content)                              const char *
#define SETTING(name, kind, fallback, services, help) kind name;
struct settings {
#include "platform/process/settings.def"
};
#undef SETTING
#undef TEXT
#undef INT
#undef WORD_OF
#undef ADDRESS
#undef ADDRESSES
#undef SERVICE_PLACES
#undef DATABASE
#undef MONGODB
#undef FILE_OF

/* Every row of every service as if nothing were set: a required text is NULL, a required number 0.
 * What fills settings otherwise (a test, say) begins here and changes what it needs. */
void settings_defaults(struct settings *out);

/* Reads the rows of one service; the other members stay zero. Texts are borrowed from the
 * environment. Logs every fault, not only the first, then NOT_STARTED. */
fallible settings_read(enum service_bit service, struct settings *out);

/* Opens the files that the rows of one service name, and the passfiles of its databases, and checks
 * what they hold. Logs every fault, then NOT_STARTED. Members that could not be read are passed
 * over. */
fallible settings_check_files(enum service_bit service, const struct settings *s);

/* Logs the rows of one service as they are in force. */
void settings_log(enum service_bit service, const struct settings *s);

/* The rows of one service for --help; all of them as a Markdown table for the README. */
void settings_help(enum service_bit service, struct text *out);
void settings_markdown(struct text *out);

/* Reads a secret of exactly `size` bytes; refuses a file that group or others may read. Logs why,
 * then NOT_STARTED. */
fallible secret_read(const char *path, void *out, size_t size);
/* Only whether it could be read, whatever its size. */
fallible secret_check(const char *path);
/* The same for a short text, without its line end; *out is freed with free(). */
fallible secret_read_text(const char *path, char **out);
