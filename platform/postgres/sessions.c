/* sessions.c -- see sessions.def. */
#include "platform/postgres/sessions.h"

#include "base/banned.h"

#define S(name, settings) const char name[] = settings;
SESSIONS(S)
#undef S
