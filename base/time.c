/* time.c -- clocks, RFC 3339, UUIDv7. */
#include "base/time.h"

#include <string.h>

#include <pthread.h>
#include <sys/random.h>

#include "base/banned.h"

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t time_now(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t time_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* The lowest `digits` digits of n, then `next`; returns where it goes on. */
static char *put_digits(char *at, int n, int digits, char next)
{
    for (int i = digits - 1; i >= 0; i--, n /= 10)
        at[i] = (char)('0' + n % 10);
    at[digits] = next;
    return at + digits + 1;
}

static const int64_t SECOND = 1000000;

const char *time_format(int64_t us, char out[TIME_TEXT])
{
    int fraction = (int)((us % SECOND + SECOND) % SECOND);
    time_t seconds = (us - fraction) / SECOND;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char *at = put_digits(out, tm.tm_year + 1900, 4, '-');
    at = put_digits(at, tm.tm_mon + 1, 2, '-');
    at = put_digits(at, tm.tm_mday, 2, 'T');
    at = put_digits(at, tm.tm_hour, 2, ':');
    at = put_digits(at, tm.tm_min, 2, ':');
    at = put_digits(at, tm.tm_sec, 2, '.');
    *put_digits(at, fraction, 6, 'Z') = '\0';
    return out;
}

/* What stands in a time of RFC 3339, before it is known whether there is such a moment. */
struct parts {
    int year, month, day, hour, minute, second, us;
    int sign, zone_hour, zone_minute; /* of the offset */
};

/* Exactly `digits` digits; moves *s on. */
static bool number(const char **s, int digits, int *out)
{
    *out = 0;
    for (int i = 0; i < digits; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        *out = *out * 10 + (**s - '0');
    }
    return true;
}

/* Either of two characters. */
static bool literal(const char **s, char c, char or)
{
    if (**s != c && **s != or)
        return false;
    (*s)++;
    return true;
}

static bool fraction(const char **s, int *us)
{
    *us = 0;
    if (!literal(s, '.', '.'))
        return true;
    const char *begin = *s;
    for (int scale = 100000; **s >= '0' && **s <= '9'; (*s)++, scale /= 10)
        *us += (**s - '0') * scale; /* 0 past the sixth */
    return *s > begin;
}

static bool offset(const char **s, struct parts *p)
{
    if (literal(s, 'Z', 'z'))
        return true;
    p->sign = **s == '-' ? -1 : 1;
    return literal(s, '+', '-') && number(s, 2, &p->zone_hour) && literal(s, ':', ':') &&
           number(s, 2, &p->zone_minute);
}

static bool read_parts(const char *s, struct parts *p)
{
    *p = (struct parts){0};
    return number(&s, 4, &p->year) && literal(&s, '-', '-') && number(&s, 2, &p->month) &&
           literal(&s, '-', '-') && number(&s, 2, &p->day) && literal(&s, 'T', 't') &&
           number(&s, 2, &p->hour) && literal(&s, ':', ':') && number(&s, 2, &p->minute) &&
           literal(&s, ':', ':') && number(&s, 2, &p->second) && fraction(&s, &p->us) &&
           offset(&s, p) && !*s;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool are_in_range(const struct parts *p)
{
    return p->month >= 1 && p->month <= 12 && p->day >= 1 && p->day <= days_in(p->year, p->month) &&
           p->hour <= 23 && p->minute <= 59 && p->second <= 60 && p->zone_hour <= 23 &&
           p->zone_minute <= 59;
}

/* A leap second may be inserted before the first of July and of January, UTC. */
static bool may_follow_a_leap_second(time_t seconds)
{
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return (tm.tm_mon == 6 || tm.tm_mon == 0) && tm.tm_mday == 1 && !tm.tm_hour && !tm.tm_min &&
           !tm.tm_sec;
}

fallible time_read(const char *s, int64_t *out)
{
    static const int64_t FIRST = -62135596800, END = 253402300800; /* years 1 and 10000 begin */
    struct parts p;
    if (!read_parts(s, &p))
        return BAD_TEXT;
    if (!are_in_range(&p))
        return OUT_OF_RANGE;
    struct tm tm = {.tm_year = p.year - 1900,
                    .tm_mon = p.month - 1,
                    .tm_mday = p.day,
                    .tm_hour = p.hour,
                    .tm_min = p.minute,
                    .tm_sec = p.second};
    int64_t seconds = (int64_t)timegm(&tm) - p.sign * (p.zone_hour * 60 + p.zone_minute) * 60;
    if (seconds < FIRST || seconds >= END || (p.second == 60 && !may_follow_a_leap_second(seconds)))
        return OUT_OF_RANGE;
    *out = seconds * SECOND + p.us;
    return NULL;
}

/* Milliseconds, then a 12-bit counter for ids of the same millisecond (RFC 9562 6.2 method 1). */
static uint64_t next_tick(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint64_t last;
    uint64_t tick = (uint64_t)(time_now() / 1000) << 12;
    pthread_mutex_lock(&lock);
    last = tick > last ? tick : last + 1;
    tick = last;
    pthread_mutex_unlock(&lock);
    return tick;
}

/* From a supply of the thread's own: one system call for many ids. */
static uint64_t random_bits(void)
{
    static __thread uint64_t supply[32];
    static __thread size_t left;
    if (!left) {
        if (getrandom(supply, sizeof(supply), 0) != sizeof(supply))
            abort();
        left = sizeof(supply) / sizeof(supply[0]);
    }
    return supply[--left];
}

/* The lowest `digits` hexadecimal digits of n; returns where the next ones go. */
static char *put_hex(char *at, uint64_t n, int digits)
{
    for (int i = digits - 1; i >= 0; i--, n >>= 4)
        at[i] = "0123456789abcdef"[n & 0xf];
    return at + digits;
}

const char *uuid_new(char out[UUID_TEXT])
{
    uint64_t random = random_bits(), tick = next_tick();
    char *at = put_hex(out, tick >> 28, 8);
    *at++ = '-';
    at = put_hex(at, tick >> 12, 4);
    *at++ = '-';
    at = put_hex(at, 0x7000 | (tick & 0xfff), 4);
    *at++ = '-';
    at = put_hex(at, 0x8000 | (random >> 48 & 0x3fff), 4);
    *at++ = '-';
    *put_hex(at, random, 12) = '\0';
    return out;
}

bool uuid_read(const char *s, char out[UUID_TEXT])
{
    char lower[UUID_TEXT] = "";
    for (int i = 0; s[i]; i++) {
        if (i == UUID_TEXT - 1)
            return false;
        lower[i] = s[i] >= 'A' && s[i] <= 'F' ? (char)(s[i] - 'A' + 'a') : s[i];
    }
    if (!uuid_is_valid(lower))
        return false;
    memcpy(out, lower, UUID_TEXT);
    return true;
}

bool uuid_is_valid(const char *s)
{
    int i = 0;
    for (; s[i]; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f');
        if (i >= UUID_TEXT - 1 || (dash ? s[i] != '-' : !hex))
            return false;
    }
    return i == UUID_TEXT - 1;
}
