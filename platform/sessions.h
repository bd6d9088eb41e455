/* sessions.h -- the settings of sessions.def. */
#pragma once

#include "platform/sessions.def"

#define S(name, settings) extern const char name[];
SESSIONS(S)
#undef S
