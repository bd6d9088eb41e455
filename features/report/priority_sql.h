/* priority_sql.h -- the fragments of the priority that is shown (fragments.def). */
#pragma once

struct text;

/* An SQL expression: the word of the priority that a report has, of the columns priority and
 * priority_set, what an officer has set or what it began with, and votes, NULL for none. */
void append_report_priority(struct text *sql);

/* An SQL array of the words, least urgent first. */
void append_priority_words(struct text *sql);
