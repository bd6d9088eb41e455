/* precondition.c -- see precondition.h. */
#include "writer/precondition.h"

#include "platform/http/etag.h"
#include "base/banned.h"

/* "<version>" or "<version>-<hash>" */
static bool read_version(const struct etag *tag, int64_t *version)
{
    char digits[24];
    size_t n = 0;
    while (n < tag->length && tag->at[n] >= '0' && tag->at[n] <= '9')
        n++;
    if (n >= sizeof(digits) || (n < tag->length && tag->at[n] != '-'))
        return false;
    memcpy(digits, tag->at, n);
    digits[n] = '\0';
    return text_to_int(digits, version) && *version > 0;
}

/* Of "7-<16 hexadecimal digits>" the first epoch, of "7-<16>-3" the third; 0: of another form. */
static int64_t read_epoch(const struct etag *tag)
{
    char text[96], digits[24];
    int64_t epoch = 0;
    snprintf(text, sizeof(text), "%.*s", (int)tag->length, tag->at);
    const char *hash = strchr(text, '-');
    size_t n = hash ? strspn(++hash, "0123456789abcdef") : 0;
    if (n != 16 || !hash[n])
        return n == 16;
    snprintf(digits, sizeof(digits), "%s", hash + n + 1);
    return hash[n] == '-' && text_to_int(digits, &epoch) && epoch > 0 ? epoch : 0;
}

void precondition_in(struct precondition *p, int64_t epoch)
{
    for (int i = 0; i < p->count; i++)
        if (p->epochs[i] && p->epochs[i] != epoch)
            p->versions[i] = INT64_MAX;
}

bool precondition_read(const char *header, struct precondition *out)
{
    struct precondition p = {.given = true, .any = etag_is_any(header)};
    struct etag tag;
    while (!p.any && etag_next(&header, &tag)) {
        if (p.count == PRECONDITION_VERSIONS_MAX || !read_version(&tag, &p.versions[p.count]))
            return false;
        p.epochs[p.count++] = read_epoch(&tag);
    }
    if (!header || (!p.any && !p.count))
        return false;
    *out = p;
    return true;
}

const char *precondition_text(const struct precondition *p, struct arena *a)
{
    scoped_text t = {0};
    if (!p->given || p->any)
        return p->any ? "*" : "0";
    for (int i = 0; i < p->count; i++) {
        text_append(&t, i ? "," : "");
        text_append_int(&t, p->versions[i]);
    }
    return arena_text(a, text_value(&t));
}
