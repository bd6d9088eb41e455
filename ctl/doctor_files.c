/* doctor_files.c -- citywatchctl doctor: folders, secrets, keys. */
#include "ctl/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>

#include "base/time.h"
#include "platform/identity/token.h"
#include "base/banned.h"

enum { OTHERS_WRITE = 022, OTHERS_USE = 077, KEY_BYTES = 32, KEY_DAYS = 365, DAY_S = 86400 };

/* ---- folders ---- */

/* Of a run folder (tools/setup-run-folder): who owns it, what group and others may not. */
static const struct {
    const char *name, *owner;
    mode_t forbidden;
} run_folders[] = {
    {"", "ADMIN_USER", OTHERS_WRITE},           {"/bin", "ADMIN_USER", OTHERS_WRITE},
    {"/conf", "ADMIN_USER", OTHERS_WRITE},      {"/parts", "ADMIN_USER", OTHERS_WRITE},
    {"/sockets", "ADMIN_USER", OTHERS_WRITE},   {"/log", "ADMIN_USER", OTHERS_USE},
    {"/postgres", "DATABASE_USER", OTHERS_USE}, {"/redis", "SERVICE_USER", OTHERS_USE},
    {"/audit", "SERVICE_USER", OTHERS_USE},     {"/mongodb", "SERVICE_USER", OTHERS_USE},
    {"/secrets", "SERVICE_USER", OTHERS_USE},   {"/caddy", "GATEWAY_USER", OTHERS_USE},
    {"/nginx", "GATEWAY_USER", OTHERS_USE}};
enum { RUN_FOLDERS = sizeof(run_folders) / sizeof(run_folders[0]) };

static void check_folder(struct doctor *d, const char *path, const char *owner, mode_t forbidden)
{
    struct stat st;
    if (lstat(path, &st)) {
        if (errno != ENOENT) /* a part that is not ours has no folder here */
            doctor_fault(d, "let its owner see to it", "%s: %s", path, strerror(errno));
        return;
    }
    const struct passwd *user = owner ? getpwnam(owner) : NULL;
    if (!S_ISDIR(st.st_mode))
        doctor_fault(d, "find out who put it there", "%s is no folder", path);
    else if (st.st_mode & forbidden)
        doctor_fault(
            d,
            arena_printf(&d->arena, "chmod go-%s %s", forbidden == OTHERS_USE ? "rwx" : "w", path),
            "%s has mode %04o: others may %s it", path, (unsigned)st.st_mode & 07777,
            forbidden == OTHERS_USE ? "use" : "write in");
    else if (user && st.st_uid != user->pw_uid)
        doctor_fault(d, arena_printf(&d->arena, "chown %s %s", owner, path),
                     "%s belongs to the user %u, not to %s", path, (unsigned)st.st_uid, owner);
}

void doctor_folders(struct doctor *d)
{
    const char *run = setting_of("run_dir");
    if (!doctor_has_folder(d, "the folders"))
        return;
    for (int i = 0; i < RUN_FOLDERS; i++)
        check_folder(d, arena_join(&d->arena, run, run_folders[i].name, ""),
                     getenv(run_folders[i].owner), run_folders[i].forbidden);
    if (!d->found)
        doctor_ok(d, "%s: nobody else writes there, or reads what is private", run);
}

/* ---- secrets ---- */

enum secret_content { NO_FILE, LINE, BYTES_32, PRIVATE_KEY, PUBLIC_KEY };
#define TEXT                                          NO_FILE
#define INT(min, max)                                 NO_FILE
#define WORD_OF(words)                                NO_FILE
#define ADDRESS                                       NO_FILE
#define ADDRESSES                                     NO_FILE
#define SERVICE_PLACES                                NO_FILE
#define DATABASE                                      NO_FILE
#define MONGODB                                       NO_FILE
#define FILE_OF(what)                                 what
#define SETTING(name, kind, fallback, services, help) {#name, kind},
static const struct {
    const char *name;
    enum secret_content content;
} secret_settings[] = {
#include "platform/process/settings.def"
};
#undef SETTING
#undef TEXT
#undef INT
enum { SETTINGS = sizeof(secret_settings) / sizeof(secret_settings[0]) };

static void check_secret(struct doctor *d, const char *path, bool is_public)
{
    struct stat st;
    mode_t forbidden = is_public ? OTHERS_WRITE : OTHERS_USE;
    if (lstat(path, &st))
        doctor_fault(d, "name another file, or put it back from the copy of the secrets", "%s: %s",
                     path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        doctor_fault(d, "put the file itself there", "%s is a link or a folder", path);
    else if (st.st_mode & forbidden)
        doctor_fault(d,
                     arena_printf(&d->arena, "chmod %s %s, and replace it if others were there",
                                  is_public ? "0644" : "0600", path),
                     "%s has mode %04o: others may %s it", path, (unsigned)st.st_mode & 07777,
                     is_public ? "change" : "use");
}

/* Returns how many files were checked. */
static int check_folder_of_secrets(struct doctor *d, const char *folder)
{
    int count = 0;
    DIR *files = opendir(folder);
    if (!files)
        doctor_fault(d, "run it as the user of the services", "%s: %s", folder, strerror(errno));
    for (const struct dirent *f; files && (f = readdir(files));) {
        if (f->d_name[0] == '.')
            continue;
        check_secret(d, arena_printf(&d->arena, "%s/%s", folder, f->d_name),
                     strstr(f->d_name, ".public.") != NULL);
        count++;
    }
    if (files)
        closedir(files);
    return count;
}

/* The run folder's, and those that settings name elsewhere. */
void doctor_secrets(struct doctor *d)
{
    int count = 0;
    const char *run = setting_of("run_dir");
    const char *folder = *run ? arena_join(&d->arena, run, "/secrets", "") : "";
    if (*folder)
        count = check_folder_of_secrets(d, folder);
    for (int i = 0; i < SETTINGS; i++) {
        const char *path = setting_of(secret_settings[i].name);
        if (secret_settings[i].content == NO_FILE || !*path ||
            (*folder && text_starts(path, folder)))
            continue;
        check_secret(d, path, secret_settings[i].content == PUBLIC_KEY);
        count++;
    }
    if (!count && !d->found)
        doctor_warning(d, "run {ctl} doctor", "no file of a secret is named");
    else if (!d->found)
        doctor_ok(d, "%d files that nobody else can use", count);
}

/* ---- keys ---- */

static void check_size(struct doctor *d, const char *path)
{
    struct stat st;
    if (stat(path, &st))
        doctor_fault(d, "put it back from the copy of the secrets", "%s: %s", path,
                     strerror(errno));
    else if (st.st_size != KEY_BYTES)
        doctor_fault(d, "put it back from the copy of the secrets", "%s has %lld bytes, not %d",
                     path, (long long)st.st_size, KEY_BYTES);
}

/* A token that the one signs is good for the other. */
static bool is_pair(const struct token_key *private_key, const struct token_key *public_key)
{
    scoped_text token = {0}, header = {0};
    struct claims claims = {.role = CITIZEN}, read;
    int64_t now = time_now();
    uuid_new(claims.user_id);
    uuid_new(claims.session);
    claims.issued = now;
    claims.expires = now + 60000000;
    if (token_sign(private_key, &claims, now, &token))
        return false;
    text_printf(&header, "Bearer %s", text_value(&token));
    return !token_verify(public_key, text_value(&header), now, &read);
}

static void check_pair(struct doctor *d, const char *private_path, const char *public_path)
{
    struct token_key *private_key = NULL, *public_key = NULL;
    if (token_key_read(private_path, true, &private_key))
        doctor_fault(d, "put it back from the copy of the secrets", "%s cannot be used",
                     private_path);
    else if (token_key_read(public_path, false, &public_key))
        doctor_fault(d, "put it back from the copy of the secrets", "%s cannot be used",
                     public_path);
    else if (!is_pair(private_key, public_key))
        doctor_fault(d, "put both back from one copy of the secrets",
                     "%s does not belong to %s: no token is taken", public_path, private_path);
    token_key_free(private_key);
    token_key_free(public_key);
}

static void check_age(struct doctor *d, const char *path)
{
    struct stat st;
    int64_t days = stat(path, &st) ? 0 : (time_now() / 1000000 - st.st_mtime) / DAY_S;
    if (days > KEY_DAYS)
        doctor_warning(d,
                       "put both files aside, citywatchctl key generate, start both services "
                       "again; who is logged in goes on by refresh token",
                       "%s is %lld days old", path, (long long)days);
}

void doctor_keys(struct doctor *d)
{
    int count = 0;
    const char *private_path = setting_of("token_key_file");
    const char *public_path = setting_of("token_public_key_file");
    for (int i = 0; i < SETTINGS; i++) {
        const char *path = setting_of(secret_settings[i].name);
        if (secret_settings[i].content != BYTES_32 || !*path)
            continue;
        check_size(d, path);
        count++;
    }
    if (*private_path && *public_path) {
        check_pair(d, private_path, public_path);
        check_age(d, private_path);
        count += 2;
    }
    if (!count)
        doctor_warning(d, "run {ctl} doctor", "no key is named");
    else if (!d->found)
        doctor_ok(d, "%d keys of the right size, the pair of tokens belongs together", count);
}
