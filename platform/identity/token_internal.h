/* token_internal.h -- what platform/identity/token.c and token_key.c share; nobody else includes
 * it. */
#pragma once

#include "platform/identity/token.h"

enum { POINT_BYTES = 65, KID_TEXT = 17 };

struct token_key {
    struct evp_pkey_st *pair;         /* shared by threads: only read once it is made */
    bool signs;                       /* the private half is there */
    unsigned char point[POINT_BYTES]; /* 4, x, y */
    char kid[KID_TEXT];
};
