/* refresh_token.c -- see refresh_token.h. */
#include "command-api/refresh_token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/banned.h"

enum { ID = 36, HEX = DIGEST_TEXT - 1 };

static void set_tag(const unsigned char key[32], struct refresh_token *t)
{
    const char *parts[] = {"refresh tag", t->session, t->secret};
    digest_parts_hex(key, parts, 3, t->tag);
}

void refresh_token_new(const unsigned char key[32], const char *session, struct refresh_token *out)
{
    unsigned char secret[HEX / 2];
    struct refresh_token t = {0};
    randombytes_buf(secret, sizeof(secret));
    memcpy(t.session, session, sizeof(t.session));
    sodium_bin2hex(t.secret, sizeof(t.secret), secret, sizeof(secret));
    sodium_memzero(secret, sizeof(secret));
    set_tag(key, &t);
    *out = t;
}

void refresh_token_next(const unsigned char key[32], const struct refresh_token *t,
                        struct refresh_token *out)
{
    struct refresh_token next = {0};
    const char *parts[] = {"refresh successor", t->session, t->secret};
    memcpy(next.session, t->session, sizeof(next.session));
    digest_parts_hex(key, parts, 3, next.secret);
    set_tag(key, &next);
    *out = next;
}

void refresh_token_write(const struct refresh_token *t, char out[REFRESH_TOKEN_TEXT])
{
    snprintf(out, REFRESH_TOKEN_TEXT, "%s.%s.%s", t->session, t->secret, t->tag);
}

bool refresh_token_read(const unsigned char key[32], const char *text, struct refresh_token *out)
{
    struct refresh_token t = {0};
    if (strlen(text) != REFRESH_TOKEN_TEXT - 1 || text[ID] != '.' || text[ID + 1 + HEX] != '.')
        return false;
    memcpy(t.session, text, ID);
    memcpy(t.secret, text + ID + 1, HEX);
    set_tag(key, &t);
    if (!uuid_is_valid(t.session) || sodium_memcmp(t.tag, text + ID + 1 + HEX + 1, HEX) != 0)
        return false;
    *out = t;
    return true;
}
