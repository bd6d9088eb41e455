/* sentences.c -- the constants behind sentences.def. */
#include "features/report/rules.h"

#include "base/banned.h"

#define SENTENCE(NAME, ENGLISH_TEXT, INDONESIAN_TEXT) \
    const struct sentence NAME[1] = {{{[ENGLISH] = ENGLISH_TEXT, [INDONESIAN] = INDONESIAN_TEXT}}};
#include "features/report/sentences.def"
#undef SENTENCE
