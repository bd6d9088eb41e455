/* backup.h -- what citywatchctl backup check asks pgBackRest, and what PostgreSQL says to it. */
#pragma once

#include "ctl/table.h"
#include "platform/postgres/postgres.h"

struct backup_check {
    struct pg *log;
    struct table table;
    struct arena arena;
    const char *conf; /* of pgBackRest */
    const char *info; /* what it has: its own JSON */
    int64_t max_age_hours;
    bool bad; /* a line was added that is not as it should be */
};

/* Adds a line. */
void backup_says(struct backup_check *c, const char *part, bool ok, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A command of pgBackRest, whose words end with NULL. Its exit code, or PROGRAM_LOST. */
int backrest(struct backup_check *c, const char *const *words, int seconds, bool complaints_too,
             struct text *said);

/* Each adds its lines. */
fallible backup_age(struct backup_check *c);
fallible backup_waiting(struct backup_check *c);
fallible backup_push(struct backup_check *c);
fallible backup_holes(struct backup_check *c);
fallible backup_files(struct backup_check *c);
