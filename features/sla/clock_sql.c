/* clock_sql.c -- see clock_sql.h. */
#include "features/sla/clock_sql.h"

#include "base/text.h"
#include "base/banned.h"

void append_clock_overdue(struct text *sql)
{
    text_append(sql,
                "coalesce(due_at <= now(), sla_status = 'paused' AND remaining_us <= 0, false)");
}

void append_clock_remaining(struct text *sql)
{
    text_append(sql, "CASE WHEN due_at IS NOT NULL "
                     "THEN floor(extract(epoch FROM due_at - now()))::bigint "
                     "WHEN sla_status = 'paused' THEN remaining_us / 1000000 END");
}
