/* password_test.c -- Argon2id: right, wrong, foreign, old, and without memory. */
#include "platform/identity/password.h"

#include <sodium.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "tests/support/harness.h"

static const char PASSWORD[] = "correct horse battery staple";

static const char *hash_of_password(void)
{
    static char hash[PASSWORD_HASH_TEXT];
    if (!hash[0]) {
        if (sodium_init() < 0)
            exit(2);
        CHECK_OK(password_hash(PASSWORD, hash));
    }
    return hash;
}

TEST(the_right_password_is_right_and_others_are_wrong)
{
    bool right = false;
    CHECK_OK(password_verify(hash_of_password(), PASSWORD, &right));
    CHECK(right);
    CHECK_OK(password_verify(hash_of_password(), "correct horse battery stapl", &right));
    CHECK(!right);
    right = true;
    CHECK_OK(password_verify(hash_of_password(), "", &right));
    CHECK(!right);
}

TEST(a_hash_is_argon2id_of_64_mib_and_salted)
{
    char again[PASSWORD_HASH_TEXT];
    CHECK(strncmp(hash_of_password(), "$argon2id$v=19$m=65536,t=2,p=1$", 31) == 0);
    CHECK_OK(password_hash(PASSWORD, again));
    CHECK(strcmp(hash_of_password(), again) != 0);
    CHECK(!password_needs_rehash(again));
}

TEST(a_foreign_hash_is_no_wrong_password)
{
    static const char *foreign[] = {"",
                                    "password",
                                    "$2b$12$abcdefghijklmnopqrstuv",
                                    "$argon2i$v=19$m=65536,t=2,p=1$AAAA$AAAA",
                                    "$argon2id$",
                                    "$argon2id$v=19$m=65536,t=2,p=1$"};
    hash_of_password();
    for (int i = 0; i < 6; i++) {
        bool right = false;
        CHECK_PROBLEM(password_verify(foreign[i], PASSWORD, &right), INTERNAL);
        CHECK(!right);
    }
}

TEST(a_hash_of_other_costs_is_right_but_wants_to_be_made_anew)
{
    char old[PASSWORD_HASH_TEXT];
    bool right = false;
    hash_of_password();
    CHECK_INT(crypto_pwhash_str(old, PASSWORD, strlen(PASSWORD), 1, 8192 * 1024), 0);
    CHECK_OK(password_verify(old, PASSWORD, &right));
    CHECK(right);
    CHECK(password_needs_rehash(old));
}

/* libsodium says -1 for both; taken for a wrong password it would look like an attack. */
TEST(without_memory_the_right_password_is_not_called_wrong)
{
    hash_of_password();
    pid_t child = fork();
    if (child == 0) {
        FILE *f = fopen("/proc/self/statm", "r");
        unsigned long pages = 0;
        bool right = false;
        char hash[PASSWORD_HASH_TEXT] = "";
        if (!f || fscanf(f, "%lu", &pages) != 1)
            _exit(10);
        rlim_t limit = pages * (rlim_t)sysconf(_SC_PAGESIZE) + (32 << 20);
        setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit});
        if (password_verify(hash_of_password(), PASSWORD, &right) != QUEUE_FULL || right)
            _exit(11);
        _exit(password_hash(PASSWORD, hash) == QUEUE_FULL && !hash[0] ? 0 : 12);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
}

TEST(a_wiped_password_is_gone)
{
    char password[] = "secret";
    password_wipe(password);
    CHECK_INT(password[0], 0);
    CHECK_INT(password[5], 0);
    password_wipe(NULL);
}
