/* calendar_history.c -- two calendars, defined again and again. */
#include "tests/support/history.h"

#define ONE_OF(Name, ...) (&(const struct shape_list){1, &(const struct Name){__VA_ARGS__}})

static void step(struct history *h, void *state)
{
    (void)state;
    const char *id = history_pick(h, 2) ? "always" : "office";
    const char *date = arena_printf(&h->arena, "2026-12-%02d", 1 + history_pick(h, 31));
    int64_t at = history_moment(h);
    history_add(
        h, "calendar", id,
        EVENT(CalendarDefined, .calendar_id = id,
              .zone = history_pick(h, 2) ? "UTC" : "Asia/Jakarta",
              .hours = history_pick(h, 2)
                           ? ONE_OF(CalendarHours, weekday_words[history_pick(h, WEEKDAY_COUNT)],
                                    "08:00", "16:00")
                           : &(const struct shape_list){0, NULL},
              .holidays = ONE_OF(CalendarHoliday, date, "A holiday",
                                 history_pick(h, 2) ? NULL : "national"),
              .zone_changes = ONE_OF(CalendarChange, at, history_pick(h, 2) * 25200),
              .defined_at = at, .apply = history_pick(h, 2) ? NULL : "open"));
}

const struct history_generator calendar_history[1] = {{.weight = 1, .state_size = 0, .step = step}};
