/* response_test.c -- what clients say by Accept-Encoding and If-None-Match. */
#include "query-api/response.h"
#include "tests/support/harness.h"

TEST(gzip_is_taken_when_it_is_offered)
{
    static const struct {
        const char *header;
        bool taken;
    } rows[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZip", true},
        {"deflate, gzip", true},
        {"deflate,gzip;q=0.5", true},
        {"gzip;q=0", false},
        {"gzip; q=0.000", false},
        {"gzip;q=0.001", true},
        {"*", true},
        {"*;q=0", false},
        {"gzip;q=0, *", false},
        {"identity", false},
        {"x-gzip", false},
        {"br;q=1.0, *;q=0.1", true},
        {"gzip;q=0,deflate;q=1", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (accepts_gzip(rows[i].header) != rows[i].taken)
            test_fail(__FILE__, __LINE__, "takes_gzip", rows[i].header,
                      rows[i].taken ? "yes" : "no");
}

TEST(tags_are_compared_weakly)
{
    static const struct {
        const char *header;
        bool named;
    } rows[] = {
        {NULL, false},
        {"", false},
        {"\"7-ab\"", true},
        {"W/\"7-ab\"", true},
        {"*", true},
        {"\"x\", \"7-ab\"", true},
        {"\"x\",W/\"7-ab\"", true},
        {"\"7-a\"", false},
        {"7-ab", false},
        {"\"7-ab", false},
        {"\"a,b\", \"7-ab\"", true},
        {"W/", false},
        {"\"7-abc\"", false},
        {"\"x\" \"7-ab\"", false},
        {",,", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (names_tag(rows[i].header, "\"7-ab\"") != rows[i].named)
            test_fail(__FILE__, __LINE__, "names_tag", rows[i].header,
                      rows[i].named ? "yes" : "no");
}
