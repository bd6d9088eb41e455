/* sessions.h -- the settings of sessions.def. */
#pragma once

#include "platform/postgres/sessions.def"

#define S(name, settings) extern const char name[];
SESSIONS(S)
#undef S
