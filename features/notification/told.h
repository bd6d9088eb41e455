/* told.h -- who is told of what: told.def as rows of SQL (fragments.def). */
#pragma once

struct text;

/* For the view: each rule's type, word, kind, audience, and whether only those are told who see
 * all. */
void append_notification_rules(struct text *sql);
/* For the queries: each rule's type and word, whether it is the first or the other text, the tag of
 * a language, and the text. */
void append_notification_texts(struct text *sql);
