/* read_password.c -- see read_password.h. */
#include "ctl/read_password.h"

#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl/ctl.h"
#include "base/banned.h"

/* The first line; NULL, or why there is none. */
static const char *read_line(FILE *f, char out[PASSWORD_LINE])
{
    size_t n = 0;
    int c;
    while ((c = getc(f)) != EOF && c != '\n') {
        if (n == PASSWORD_LINE - 1)
            return "its first line is too long for a password";
        if (!c)
            return "it holds a NUL byte";
        out[n++] = (char)c;
    }
    if (ferror(f))
        return strerror(errno);
    n -= n && out[n - 1] == '\r';
    out[n] = '\0';
    return n ? NULL : "it is empty";
}

static const char *prompt_password(char out[PASSWORD_LINE])
{
    struct termios was, silent;
    if (tcgetattr(STDIN_FILENO, &was))
        return "there is no terminal to ask on; --password-file names a file";
    silent = was;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fputs("Password: ", stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    const char *why = read_line(stdin, out);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    fputc('\n', stderr);
    return why;
}

static const char *read_file(const char *path, char out[PASSWORD_LINE])
{
    FILE *f = fopen(path, "re");
    if (!f)
        return strerror(errno);
    const char *why = read_line(f, out);
    fclose(f);
    return why;
}

int read_password(const char *path, char out[PASSWORD_LINE])
{
    bool input = text_equal(path, "-");
    const char *why = !path   ? prompt_password(out)
                      : input ? read_line(stdin, out)
                              : read_file(path, out);
    return why ? failed("no password can be read from %s: %s.",
                        !path || input ? "standard input" : path, why)
               : DONE;
}
