/* doctor_machine.c -- citywatchctl doctor: open ports, room on disk, backups. */
#include "ctl/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "audit/record.h"
#include "base/time.h"
#include "base/banned.h"

enum { PATH_MAX_TEXT = 4096, HOUR_S = 3600 };

/* ---- ports ---- */

enum port_reach { LOOPBACK_ALONE, BEHIND_GATEWAY, FACES_NETWORK };
static const struct {
    const char *setting, *part;
    enum port_reach reach;
} ports[] = {{"postgres_port", "PostgreSQL", LOOPBACK_ALONE},
             {"redis_port", "Redis", LOOPBACK_ALONE},
             {"mongodb_port", "the server for documents", LOOPBACK_ALONE},
             {"gateway_metrics_port", "the gateway's metrics", LOOPBACK_ALONE},
             {"command_api_port", "command-api", BEHIND_GATEWAY},
             {"query_api_port", "query-api", BEHIND_GATEWAY},
             {"sla_worker_port", "sla-worker", BEHIND_GATEWAY},
             {"projector_port", "projector", BEHIND_GATEWAY},
             {"gateway_http_port", "the gateway", FACES_NETWORK},
             {"gateway_https_port", "the gateway", FACES_NETWORK}};
enum { PORTS = sizeof(ports) / sizeof(ports[0]) };

/* An address as /proc/net/tcp and tcp6 have it: 32-bit words in the machine's order, in hex. */
static bool is_loopback(const char *address)
{
    if (strlen(address) == 8)
        return !strcmp(address + 6, "7F");
    return !strcmp(address, "00000000000000000000000001000000") ||
           (!strncmp(address, "0000000000000000FFFF0000", 24) && !strcmp(address + 30, "7F"));
}

/* Adds what listens on `port` in one of the two files: on loopback, and elsewhere. */
static void count_listeners(const char *file, int64_t port, int *loopback, int *elsewhere)
{
    char line[512], address[33], state[3];
    unsigned number;
    FILE *f = fopen(file, "re");
    while (f && fgets(line, sizeof(line), f)) {
        if (sscanf(line, " %*u: %32[0-9A-F]:%x %*[0-9A-F:] %2s", address, &number, state) != 3 ||
            strcmp(state, "0A") != 0 || number != (unsigned)port)
            continue;
        *(is_loopback(address) ? loopback : elsewhere) += 1;
    }
    if (f)
        fclose(f);
}

static void check_port(struct doctor *d, int i, int64_t port, int *listening)
{
    int loopback = 0, elsewhere = 0;
    count_listeners("/proc/net/tcp", port, &loopback, &elsewhere);
    count_listeners("/proc/net/tcp6", port, &loopback, &elsewhere);
    *listening += loopback + elsewhere > 0;
    if (!elsewhere)
        return;
    if (ports[i].reach == LOOPBACK_ALONE)
        doctor_fault(d, "bind it to 127.0.0.1, as tools/conf has it",
                     "port %" PRId64 " (%s) is open to the network", port, ports[i].part);
    else if (ports[i].reach == BEHIND_GATEWAY)
        doctor_warning(d, "LISTEN_ADDRESS=127.0.0.1, or a firewall in front",
                       "port %" PRId64 " (%s) is open to the network, without TLS and with its "
                       "/metrics",
                       port, ports[i].part);
    else if (text_equal(setting_of("demo_accounts"), "1"))
        doctor_fault(d, "GATEWAY_ADDRESS=127.0.0.1, or a city without demo accounts",
                     "port %" PRId64 " (%s) is open to the network, to accounts with the demo "
                     "password",
                     port, ports[i].part);
}

void doctor_ports(struct doctor *d)
{
    int listening = 0;
    for (int i = 0; i < PORTS; i++) {
        int64_t port;
        if (text_to_int(setting_of(ports[i].setting), &port) && port > 0 && port < 65536)
            check_port(d, i, port, &listening);
    }
    if (!d->found)
        doctor_ok(d, "%d are listened on, none is open that should not be", listening);
}

/* ---- room ---- */

/* False after a fault. */
static bool read_room(struct doctor *d, const char *path, double *free, double *size)
{
    struct statvfs room;
    if (statvfs(path, &room)) {
        doctor_fault(d, "see that it is there and can be reached", "%s: %s", path, strerror(errno));
        return false;
    }
    *free = (double)room.f_bavail * (double)room.f_frsize;
    *size = (double)room.f_blocks * (double)room.f_frsize;
    return true;
}

void doctor_disk(struct doctor *d)
{
    double free, size;
    const char *run = setting_of("run_dir");
    if (!doctor_has_folder(d, "the disk of the databases") || !read_room(d, run, &free, &size))
        return;
    doctor_room(d, run, free, size);
    if (!d->found)
        doctor_ok(d, "%s: %.0f of %.0f MB are free", run, free / MB, size / MB);
}

/* ---- the spool of the record of requests ---- */

static const double SPOOL_FILLS = 0.8; /* of its share */

static double bytes_in(const char *folder)
{
    char path[PATH_MAX_TEXT];
    struct stat st;
    double sum = 0;
    DIR *files = opendir(folder);
    for (const struct dirent *f; files && (f = readdir(files));) {
        snprintf(path, sizeof(path), "%s/%s", folder, f->d_name);
        if (!lstat(path, &st) && S_ISREG(st.st_mode))
            sum += (double)st.st_size;
    }
    if (files)
        closedir(files);
    return sum;
}

/* Of a folder "<service>.<book>"; 0: that is none. */
static double share_of(const char *name, int64_t spool_bytes)
{
    const char *ending = strrchr(name, '.');
    for (enum audit_book b = 0; ending && b < AUDIT_BOOKS; b++)
        if (text_equal(ending + 1, audit_book_name(b)))
            return (double)audit_book_bytes(b, spool_bytes);
    return 0;
}

/* Returns by how much it may grow. */
static double check_book(struct doctor *d, const char *folder, const char *name, int64_t max)
{
    double share = share_of(name, max);
    if (share <= 0)
        return 0;
    double used = bytes_in(arena_printf(&d->arena, "%s/%s", folder, name));
    if (used >= SPOOL_FILLS * share)
        doctor_warning(d, "see why MONGODB_URI does not take them, or raise AUDIT_SPOOL_BYTES",
                       "%s holds %.1f of its %.1f MB: past that records are dropped", name,
                       used / MB, share / MB);
    return used < share ? share - used : 0;
}

void doctor_spool(struct doctor *d)
{
    int64_t max = 0;
    double free, size, may_grow = 0;
    const char *folder = setting_of("audit_spool");
    if (!*folder) {
        doctor_warning(d, "name a folder: AUDIT_SPOOL", "no record of requests is kept");
        return;
    }
    DIR *books = opendir(folder);
    if (!books) {
        doctor_fault(d, "see that it is there and can be reached", "%s: %s", folder,
                     strerror(errno));
        return;
    }
    text_to_int(setting_of("audit_spool_bytes"), &max);
    for (const struct dirent *f; (f = readdir(books));)
        may_grow += check_book(d, folder, f->d_name, max);
    closedir(books);
    if (read_room(d, folder, &free, &size) && may_grow > free)
        doctor_warning(d, "make room, or lower AUDIT_SPOOL_BYTES",
                       "%s may grow by %.0f MB, and %.0f are free", folder, may_grow / MB,
                       free / MB);
    if (!d->found)
        doctor_ok(d, "%s may grow by %.0f MB, and %.0f are free", folder, may_grow / MB, free / MB);
}

/* ---- backups ---- */

enum { BACKUP_OLD_HOURS = 26, BACKUP_LOST_HOURS = 168 }; /* a day and a little; a week */

static void judge_age(struct doctor *d, int64_t hours)
{
    static const char advice[] = "{copy}";
    if (hours > BACKUP_LOST_HOURS)
        doctor_fault(d, advice, "the newest backup is %" PRId64 " days old", hours / 24);
    else if (hours > BACKUP_OLD_HOURS)
        doctor_warning(d, advice, "the newest backup is %" PRId64 " hours old", hours);
    else
        doctor_ok(d, "the newest is %" PRId64 " hours old", hours);
}

/* By the file that make backup and tools/dump leave behind: only the owner of the cluster can look
 * into BACKUP_DIR, as citywatchctl backup check does. */
void doctor_backup(struct doctor *d)
{
    char path[PATH_MAX_TEXT];
    struct stat st;
    if (!doctor_has_folder(d, "backups"))
        return;
    snprintf(path, sizeof(path), "%s/conf/last-backup", setting_of("run_dir"));
    if (!stat(path, &st))
        judge_age(d, (time_now() / 1000000 - st.st_mtime) / HOUR_S);
    else if (*setting_of("backup_dir"))
        doctor_fault(d, "{backup}, each day", "the log is archived, but there is no backup yet");
    else
        doctor_warning(d, "{archive}", "nothing is backed up");
}
