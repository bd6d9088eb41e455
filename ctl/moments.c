/* moments.c -- see moments.h. */
#include "ctl/moments.h"

#include "base/time.h"
#include "base/banned.h"

bool moment_read(const char *since, int64_t *out)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char digits[16] = {0};
    int64_t n;
    size_t length = strspn(since, "0123456789");
    if (!time_read(since, out))
        return true;
    if (!length || length > 9 || !since[length] || since[length + 1])
        return false;
    memcpy(digits, since, length);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (units[i].unit == since[length] && text_to_int(digits, &n)) {
            *out = time_now() - n * units[i].seconds * 1000000;
            return true;
        }
    return false;
}

/* By halving: positions have no gaps. */
fallible position_before(struct city *c, int64_t moment, int64_t head, int64_t *out)
{
    int64_t low = 0, high = head;
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2, recorded;
        TRY(city_recorded(c, middle, &recorded));
        if (recorded < moment)
            low = middle;
        else
            high = middle - 1;
    }
    *out = low;
    return NULL;
}
