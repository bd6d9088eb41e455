/* language.c -- see language.h. */
#include "base/language.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define LANGUAGE_TAG(NAME, tag) tag,
const char *const language_tags[LANGUAGES] = {LANGUAGE_ROWS(LANGUAGE_TAG)};

int accept_weight(const char *element, size_t length)
{
    for (const char *p = element + 1; p + 2 < element + length; p++) {
        if ((p[0] != 'q' && p[0] != 'Q') || p[1] != '=' || (p[-1] != ';' && p[-1] != ' '))
            continue;
        int weight = p[2] == '1' ? 1000 : 0, digit = 100;
        for (p += 3; weight < 1000 && digit && p < element + length; p++)
            if (*p >= '0' && *p <= '9') {
                weight += (*p - '0') * digit;
                digit /= 10;
            }
        return weight;
    }
    return 1000;
}

#define LANGUAGE_PRIMARY(NAME, tag) {tag, NAME},
static const struct {
    const char *primary;
    enum text_language language;
} primaries[] = {
    LANGUAGE_ROWS(LANGUAGE_PRIMARY){"*", ENGLISH},
    {"in", INDONESIAN}, /* as it was called before 1989; older Java and Android still send it */
};

static bool find_language(const char *primary, size_t length, enum text_language *out)
{
    for (size_t i = 0; i < sizeof(primaries) / sizeof(primaries[0]); i++)
        if (strlen(primaries[i].primary) == length &&
            strncasecmp(primaries[i].primary, primary, length) == 0) {
            *out = primaries[i].language;
            return true;
        }
    return false;
}

enum text_language language_accepted(const char *accept_language)
{
    enum text_language best = ENGLISH, language;
    int best_weight = 0;
    for (const char *s = accept_language ? accept_language : ""; *(s += strspn(s, " \t,"));) {
        size_t whole = strcspn(s, ",");
        int weight = accept_weight(s, whole);
        if (weight > best_weight && find_language(s, strcspn(s, " \t,;-"), &language)) {
            best = language;
            best_weight = weight;
        }
        s += whole;
    }
    return best;
}
