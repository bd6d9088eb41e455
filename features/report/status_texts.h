/* status_texts.h -- what the states of a report are called, from status_texts.def. */
#pragma once

struct text;

/* The fragment status_texts (fragments.def): rows of SQL, each a state's place, the state, the tag
 * of a language and the text. */
void append_status_texts(struct text *sql);
