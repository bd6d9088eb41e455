/* clock_sql.h -- what the tables of clocks say at the moment of asking, for queries: fragments.def.
 */
#pragma once

struct text;

/* Expressions of due_at, remaining_us and sla_status, which must be one row's alone, and of the
 * database's clock. Is it overdue; also in a pause. */
void append_clock_overdue(struct text *sql);
/* Seconds until it is due, negative: since it was; in a pause those of its time that are left.
 * NULL: it has ended, is never due, or there is none. */
void append_clock_remaining(struct text *sql);
