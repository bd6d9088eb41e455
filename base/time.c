/* time.c -- clocks, RFC 3339, UUIDv7. */
#include "base/time.h"

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

const char *time_format(int64_t us, char out[TIME_TEXT])
{
    time_t seconds = us / 1000000;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    int fraction = (int)(us % 1000000);
    char *at = put_digits(out, tm.tm_year + 1900, 4, '-');
    at = put_digits(at, tm.tm_mon + 1, 2, '-');
    at = put_digits(at, tm.tm_mday, 2, 'T');
    at = put_digits(at, tm.tm_hour, 2, ':');
    at = put_digits(at, tm.tm_min, 2, ':');
    at = put_digits(at, tm.tm_sec, 2, fraction ? '.' : 'Z');
    if (fraction)
        at = put_digits(at, fraction, 6, 'Z');
    for (; fraction && at[-2] == '0'; at--)
        at[-2] = 'Z';
    *at = '\0';
    return out;
}

/* Reads exactly `digits` digits within [low, high]; moves *s on. */
static bool number(const char **s, int digits, int low, int high, int *out)
{
    int n = 0;
    for (int i = 0; i < digits; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        n = n * 10 + (**s - '0');
    }
    *out = n;
    return n >= low && n <= high;
}

static bool literal(const char **s, char c)
{
    return *(*s)++ == c;
}

static bool fraction(const char **s, int *us)
{
    *us = 0;
    if (**s != '.')
        return true;
    (*s)++;
    int digits = 0;
    for (int scale = 100000; **s >= '0' && **s <= '9' && digits < 9; (*s)++, digits++) {
        *us += (**s - '0') * scale;
        scale /= 10;
    }
    return digits > 0;
}

static bool offset(const char **s, int *minutes)
{
    char sign = *(*s)++;
    *minutes = 0;
    if (sign == 'Z')
        return true;
    int h, m;
    if ((sign != '+' && sign != '-') || !number(s, 2, 0, 23, &h) || !literal(s, ':') ||
        !number(s, 2, 0, 59, &m))
        return false;
    *minutes = (sign == '-' ? -1 : 1) * (h * 60 + m);
    return true;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

bool time_parse(const char *s, int64_t *out)
{
    int year, month, day, hour, minute, second, us, zone;
    if (!number(&s, 4, 1970, 9999, &year) || !literal(&s, '-') || !number(&s, 2, 1, 12, &month) ||
        !literal(&s, '-') || !number(&s, 2, 1, days_in(year, month), &day) || !literal(&s, 'T') ||
        !number(&s, 2, 0, 23, &hour) || !literal(&s, ':') || !number(&s, 2, 0, 59, &minute) ||
        !literal(&s, ':') || !number(&s, 2, 0, 60, &second) || !fraction(&s, &us) ||
        !offset(&s, &zone) || *s)
        return false;
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};
    int64_t value = ((int64_t)timegm(&tm) - zone * 60) * 1000000 + us;
    if (value <= 0)
        return false;
    *out = value;
    return true;
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
