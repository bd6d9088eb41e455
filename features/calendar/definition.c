/* definition.c -- from the texts of a calendar to the numbers that are counted with. */
#include "features/calendar/definition.h"

#include "base/time.h"
#include "base/banned.h"

void stream_of_calendar(const char *id, char out[STREAM_TEXT])
{
    stream_name("calendar", id, out);
}

fallible require_calendar(const char *id, const char *field, struct decision *out)
{
    const void *state = NULL;
    char stream[STREAM_TEXT];
    if (is_word(id)) {
        stream_of_calendar(id, stream);
        TRY(read_state(out, stream, &state));
    }
    if (!state || !((const struct calendar *)state)->defined)
        return refuse(out, NO_SUCH_CALENDAR, field, "GET /sla/calendars lists them.");
    return NULL;
}

/* Two digits below `end`. */
static bool two_digits(const char *s, int end, int *out)
{
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
        return false;
    *out = (s[0] - '0') * 10 + (s[1] - '0');
    return *out < end;
}

static bool minutes_read(const char *s, int *out)
{
    int hour, minute;
    if (!two_digits(s, 24, &hour) || s[2] != ':' || !two_digits(s + 3, 60, &minute) || s[5])
        return false;
    *out = hour * 60 + minute;
    return true;
}

fallible hours_read(const struct CalendarHours *row, struct work_hours *out, const char **wrong)
{
    struct work_hours hours = {.day = word_index(weekday_words, row->day)};
    *wrong = "from";
    if (!minutes_read(row->from, &hours.from))
        return BAD_TEXT;
    *wrong = "to";
    if (!minutes_read(row->to, &hours.to))
        return BAD_TEXT;
    if (hours.to <= hours.from)
        hours.to += 1440;
    *out = hours;
    return NULL;
}

fallible date_read(const char *date, int64_t *out)
{
    static const int64_t DAY = 24 * 60 * 60 * INT64_C(1000000);
    char midnight[TIME_TEXT];
    int64_t us;
    if (strlen(date) != 10)
        return BAD_TEXT;
    snprintf(midnight, sizeof(midnight), "%sT00:00:00Z", date);
    TRY(time_read(midnight, &us));
    *out = us / DAY - (us % DAY < 0);
    return NULL;
}

/* A row that no rule would have let pass counts as none. */
static void add_holidays(const struct shape_list *from, struct arena *a, struct working_time *out)
{
    struct holiday *rows = arena_array(a, (size_t)from->count, sizeof(*rows));
    for (int i = 0; i < from->count; i++) {
        const struct CalendarHoliday *row = list_item(from, &CalendarHoliday_shape, i);
        rows[out->holiday_count].name = row->name;
        if (!date_read(row->date, &rows[out->holiday_count].day))
            out->holiday_count++;
    }
    out->holidays = rows;
}

void working_time_of(const struct CalendarDefined *d, struct arena *a, struct working_time *out)
{
    struct work_hours *hours = arena_array(a, (size_t)d->hours->count, sizeof(*hours));
    struct zone_change *changes = arena_array(a, (size_t)d->zone_changes->count, sizeof(*changes));
    const char *wrong;
    *out = (struct working_time){.hours = hours, .changes = changes};
    for (int i = 0; i < d->hours->count; i++)
        if (!hours_read(list_item(d->hours, &CalendarHours_shape, i), &hours[out->hours_count],
                        &wrong))
            out->hours_count++;
    for (int i = 0; i < d->zone_changes->count; i++) {
        const struct CalendarChange *row = list_item(d->zone_changes, &CalendarChange_shape, i);
        changes[out->change_count++] = (struct zone_change){row->at, row->offset_s};
    }
    add_holidays(d->holidays, a, out);
}
