/* mongo_servers.c -- see mongo_servers.h. */
#include "tests/support/mongo_servers.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/servers.h"

#define STAND_IN SOURCE_DIR "/tests/support/mongo_stand_in.py"
#define BUILT    SOURCE_DIR "/build/mongodb/citywatch-mongodb"

static FILE *switches, *answers;
static char stand_in_text[64], real_text[512], pem[160], answer[4096];
static int real_port;
static pid_t real;

static void read_answer(void)
{
    if (!fgets(answer, sizeof(answer), answers)) {
        fprintf(stderr, "the stand-in of MongoDB does not answer (python3-bson is needed)\n");
        exit(2);
    }
    answer[strcspn(answer, "\n")] = '\0';
}

static void start_stand_in(void)
{
    int to[2], from[2];
    if (pipe(to) || pipe(from))
        exit(2);
    if (fork() == 0) {
        if (dup2(to[0], STDIN_FILENO) < 0 || dup2(from[1], STDOUT_FILENO) < 0)
            _exit(2);
        close(to[1]); /* else its own copy would keep its input open */
        execlp("setpriv", "setpriv", "--pdeathsig", "KILL", "/usr/bin/python3", STAND_IN, NULL);
        _exit(2);
    }
    close(to[0]);
    close(from[1]);
    switches = fdopen(to[1], "w");
    answers = fdopen(from[0], "r");
    read_answer();
    snprintf(stand_in_text, sizeof(stand_in_text), "mongodb://127.0.0.1:%.5s/", answer);
}

const char *stand_in_uri(void)
{
    if (!switches)
        start_stand_in();
    return stand_in_text;
}

static const char *say(const char *format, va_list arguments)
{
    stand_in_uri();
    vfprintf(switches, format, arguments);
    fputc('\n', switches);
    fflush(switches);
    read_answer();
    return answer;
}

const char *stand_in(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *said = say(format, arguments);
    va_end(arguments);
    return said;
}

long stand_in_number(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    long n = strtol(say(format, arguments), NULL, 10);
    va_end(arguments);
    return n;
}

static bool has_mongod(void)
{
    return system("command -v mongod >/dev/null") == 0;
}

bool has_real_mongo(void)
{
    static bool told;
    bool has = has_mongod() || access(BUILT, X_OK) == 0;
    if (!has && !told)
        printf("no mongod, and tools/mongodb/build has not been run: the stand-in alone\n");
    told = true;
    return has;
}

static void wait_for_real(void)
{
    test_shell("bash -c 'for i in {1..300}; do (: </dev/tcp/127.0.0.1/%d) 2>/dev/null && exit 0; "
               "sleep 0.1; done; cat %s/mongo.log; exit 1'",
               real_port, test_folder());
}

void real_mongo_start(void)
{
    char log[160], data[160], address[32], port[16];
    snprintf(log, sizeof(log), "%s/mongo.log", test_folder());
    snprintf(data, sizeof(data), "%s/mongo", test_folder());
    snprintf(address, sizeof(address), "127.0.0.1:%d", real_port);
    snprintf(port, sizeof(port), "%d", real_port);
    const char *built[] = {"setpriv", "--pdeathsig", "KILL", BUILT, data, address, pem, NULL};
    const char *mongod[] = {"setpriv",
                            "--pdeathsig",
                            "KILL",
                            "mongod",
                            "--dbpath",
                            data,
                            "--bind_ip",
                            "127.0.0.1",
                            "--port",
                            port,
                            "--tlsMode",
                            "requireTLS",
                            "--tlsCertificateKeyFile",
                            pem,
                            "--tlsCAFile",
                            pem,
                            NULL};
    real = test_server_start(log, has_mongod() ? mongod : built);
    wait_for_real();
}

void real_mongo_stop(void)
{
    test_server_stop(&real, SIGKILL);
}

const char *real_mongo_uri(void)
{
    if (!real_port) {
        test_shell("mkdir %s/mongo", test_folder());
        real_port = test_free_port();
        snprintf(pem, sizeof(pem), "%s/mongo.pem", test_folder());
        test_shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 "
                   "-subj /CN=test -addext subjectAltName=IP:127.0.0.1 -keyout /dev/stdout "
                   "-out /dev/stdout >%s 2>/dev/null",
                   pem);
        snprintf(real_text, sizeof(real_text),
                 "mongodb://127.0.0.1:%d/?tls=true&tlsCAFile=%s&tlsCertificateKeyFile=%s",
                 real_port, pem, pem);
        atexit(real_mongo_stop);
        real_mongo_start();
    }
    return real_text;
}
