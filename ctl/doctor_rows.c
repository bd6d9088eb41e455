/* doctor_rows.c -- citywatchctl doctor: its lines, and what is judged by figures alone. */
#include "ctl/doctor.h"

#include <stdarg.h>

#include "ctl/commands.h"
#include "base/banned.h"

static void add_row(struct doctor *d, const char *state, const char *advice, const char *format,
                    va_list args)
{
    scoped_text found = {0};
    if (advice)
        advice = commands_in(&d->table->arena, advice);
    text_append(&found, arena_vprintf(&d->table->arena, format, args));
    if (advice && d->table->count < DOCTOR_MEMBERS)
        text_printf(&found, ": %s", advice);
    const char *cells[DOCTOR_MEMBERS] = {state, d->check, text_value(&found), advice};
    table_add(d->table, cells);
}

void doctor_ok(struct doctor *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_row(d, "ok", NULL, format, args);
    va_end(args);
}

void doctor_warning(struct doctor *d, const char *advice, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_row(d, "warning", advice, format, args);
    va_end(args);
    d->found++;
    d->warnings++;
}

void doctor_fault(struct doctor *d, const char *advice, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_row(d, "fault", advice, format, args);
    va_end(args);
    d->found++;
    d->faults++;
}

void doctor_version(struct doctor *d, const char *server, int found, int oldest)
{
    if (found < oldest)
        doctor_fault(d, "upgrade it; README, What it stands on", "%s is %d.%d, older than %d.%d",
                     server, found / 100, found % 100, oldest / 100, oldest % 100);
}

static const double LITTLE_ROOM = 0.1, NO_ROOM = 0.02; /* of the whole */

void doctor_room(struct doctor *d, const char *what, double free, double size)
{
    static const char advice[] = "make room: the log only grows, by about 1.5 kB an event";
    if (size <= 0 || free >= LITTLE_ROOM * size)
        return;
    if (free < NO_ROOM * size)
        doctor_fault(d, advice, "%s: %.0f of %.0f MB are free", what, free / MB, size / MB);
    else
        doctor_warning(d, advice, "%s: %.0f of %.0f MB are free", what, free / MB, size / MB);
}
