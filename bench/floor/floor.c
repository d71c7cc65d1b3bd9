/*
 * floor: what a checkpoint costs at least on this machine. The same system calls and monitor commands as the engine's, in the
 * same order, on the same VM, with nothing around them; and the same bytes over one bare TCP connection.
 *
 *   floor pause QMP PID STATE LAPS INTERVAL_MICROS START-END...
 *       LAPS checkpoints of the QEMU PID through its monitor socket QMP, device state into the file STATE, of the address
 *       ranges START-END (hexadecimal), whose write protection is armed already. For each lap but the first (which inherits what was
 *       written before) one line: suspend save harvest copy resume, in nanoseconds, and the pages copied.
 *   floor sink PORT MIB                   takes messages (8 bytes of length, then that many) into MIB of memory and answers each with one byte
 *   floor send HOST PORT BYTES COUNT MIB  sends COUNT messages of BYTES, from MIB of memory, to a sink; for each one line: nanoseconds to the answer
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ull
#define RUNS_PER_CALL 1024 /* IOV_MAX */
#define STAGING (128ull << 20)
#define RANGES 16

/* linux/fs.h of 6.7 and newer; older headers lack it. Documentation/admin-guide/mm/pagemap.rst */
struct run { uint64_t start, end, categories; };
struct scan {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_WRITTEN _IOWR('f', 16, struct scan)
#define WP_MATCHING_CHECK_WPASYNC 3
#define PAGE_IS_WRITTEN 2

static void fail(const char *what) {
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void write_all(int fd, const void *from, size_t bytes) {
    while (bytes > 0) {
        ssize_t done = write(fd, from, bytes);
        if (done <= 0) fail("write");
        from = (const char *)from + done;
        bytes -= (size_t)done;
    }
}

static int read_all(int fd, void *into, size_t bytes) {
    while (bytes > 0) {
        ssize_t done = read(fd, into, bytes);
        if (done < 0) fail("read");
        if (done == 0) return 0;
        into = (char *)into + done;
        bytes -= (size_t)done;
    }
    return 1;
}

/* --- the monitor */

static int monitor;
static int stopped;

/* Waits for the next line that answers a command; events in between are skipped. */
static void await_answer(void) {
    static char text[65536];
    static size_t held;
    for (;;) {
        char *end = memchr(text, '\n', held);
        if (end == NULL) {
            if (held == sizeof text) held = 0;
            ssize_t got = read(monitor, text + held, sizeof text - held);
            if (got <= 0) fail("the monitor is gone");
            held += (size_t)got;
            continue;
        }
        *end = '\0';
        int answer = strncmp(text, "{\"return\"", 9) == 0 || strncmp(text, "{\"QMP\"", 6) == 0;
        if (strncmp(text, "{\"error\"", 8) == 0) {
            fprintf(stderr, "floor: %s\n", text);
            exit(1);
        }
        size_t line = (size_t)(end + 1 - text);
        memmove(text, text + line, held - line);
        held -= line;
        if (answer) return;
    }
}

static void command(const char *json) {
    write_all(monitor, json, strlen(json));
    await_answer();
}

static void cont(void) {
    command("{\"execute\":\"cont\"}");
    stopped = 0;
}

/* Whatever ends us, the guest runs on. */
static void let_it_run(void) {
    static const char text[] = "{\"execute\":\"cont\"}";
    if (stopped && write(monitor, text, sizeof text - 1) < 0) _exit(1);
}

static void ended(int signal) {
    let_it_run();
    _exit(128 + signal);
}

static void connect_monitor(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) fail("the monitor's path is too long");
    strcpy(address.sun_path, path);
    monitor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(monitor, (struct sockaddr *)&address, sizeof address) != 0) fail(path);
    await_answer();
    command("{\"execute\":\"qmp_capabilities\"}");
}

/* --- memory */

static struct { uint64_t start, end; } range[RANGES];
static int ranges;
static struct run *runs;
static uint64_t most_runs, found;
static uint8_t *staging;

static void parse_ranges(char **arguments, int count) {
    if (count > RANGES) fail("too many ranges");
    for (; ranges < count; ranges++) {
        unsigned long long start, end;
        if (sscanf(arguments[ranges], "%llx-%llx", &start, &end) != 2) fail(arguments[ranges]);
        range[ranges].start = start;
        range[ranges].end = end;
        most_runs += (end - start) / PAGE + 64; /* at worst every page is a run of its own */
    }
    runs = malloc(most_runs * sizeof *runs);
    staging = malloc(STAGING);
    if (runs == NULL || staging == NULL) fail("memory");
    memset(runs, 1, most_runs * sizeof *runs);
    memset(staging, 1, STAGING);
}

static uint64_t harvest(int pagemap) {
    uint64_t pages = 0;
    found = 0;
    for (int i = 0; i < ranges; i++) {
        uint64_t at = range[i].start;
        while (at < range[i].end) {
            struct scan scan = {
                .size = sizeof scan, .flags = WP_MATCHING_CHECK_WPASYNC, .start = at, .end = range[i].end,
                .vec = (uint64_t)(uintptr_t)(runs + found), .vec_len = most_runs - found,
                .category_mask = PAGE_IS_WRITTEN, .return_mask = PAGE_IS_WRITTEN,
            };
            int count = ioctl(pagemap, SCAN_WRITTEN, &scan);
            if (count < 0 || scan.walk_end <= at) fail("PAGEMAP_SCAN");
            for (int r = 0; r < count; r++) pages += (runs[found + r].end - runs[found + r].start) / PAGE;
            found += (uint64_t)count;
            at = scan.walk_end;
        }
    }
    return pages;
}

static void copy(pid_t pid) {
    struct iovec remote[RUNS_PER_CALL], local = {.iov_base = staging};
    int filled = 0;
    uint64_t at = 0;
    for (uint64_t r = 0; r < found; r++) {
        for (uint64_t start = runs[r].start; start < runs[r].end;) {
            uint64_t bytes = runs[r].end - start, room = STAGING - at - local.iov_len;
            if (bytes > room) bytes = room;
            remote[filled++] = (struct iovec){.iov_base = (void *)(uintptr_t)start, .iov_len = bytes};
            local.iov_len += bytes;
            start += bytes;
            if (filled == RUNS_PER_CALL || bytes == room || (r + 1 == found && start == runs[r].end)) {
                if (process_vm_readv(pid, &local, 1, remote, (unsigned long)filled, 0) != (ssize_t)local.iov_len) fail("process_vm_readv");
                at = bytes == room ? 0 : at + local.iov_len; /* full: what is copied is not kept anyway */
                local = (struct iovec){.iov_base = staging + at};
                filled = 0;
            }
        }
    }
}

static void sleep_until(uint64_t due) {
    struct timespec t = {.tv_sec = (time_t)(due / 1000000000ull), .tv_nsec = (long)(due % 1000000000ull)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) continue;
}

static void pause_laps(char **arguments, int count) {
    char save[512], path[64];
    pid_t pid = atoi(arguments[1]);
    int laps = atoi(arguments[3]);
    uint64_t interval = strtoull(arguments[4], NULL, 10) * 1000;
    parse_ranges(arguments + 5, count - 5);
    snprintf(path, sizeof path, "/proc/%d/pagemap", pid);
    int pagemap = open(path, O_RDONLY);
    if (pagemap < 0) fail(path);
    snprintf(save, sizeof save, "{\"execute\":\"xen-save-devices-state\",\"arguments\":{\"filename\":\"%s\",\"live\":false}}", arguments[2]);
    connect_monitor(arguments[0]);
    atexit(let_it_run);
    signal(SIGTERM, ended);
    signal(SIGINT, ended);
    uint64_t due = now();
    for (int lap = 0; lap <= laps; lap++) {
        uint64_t t0 = now();
        stopped = 1;
        command("{\"execute\":\"stop\"}");
        uint64_t t1 = now();
        command(save);
        uint64_t t2 = now();
        uint64_t pages = harvest(pagemap);
        uint64_t t3 = now();
        copy(pid);
        uint64_t t4 = now();
        cont();
        uint64_t t5 = now();
        if (lap > 0)
            printf("%llu %llu %llu %llu %llu %llu\n", (unsigned long long)(t1 - t0), (unsigned long long)(t2 - t1),
                   (unsigned long long)(t3 - t2), (unsigned long long)(t4 - t3), (unsigned long long)(t5 - t4), (unsigned long long)pages);
        do due += interval; while (due < t5); /* the grid of the engine's scheduler */
        sleep_until(due);
    }
}

/* --- the wire */

static void no_delay(int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* What a stream is sent from or read into: 1 MiB stays in the cache, as much as a guest has does not. */
static char *window(const char *mib, uint64_t *bytes) {
    *bytes = strtoull(mib, NULL, 10) << 20;
    char *memory = *bytes > 0 ? malloc(*bytes) : NULL;
    if (memory == NULL) fail("window");
    return memset(memory, 7, *bytes);
}

/* Bytes of the next call: at most 1 MiB, not past the end of the window. */
static uint64_t part_of(uint64_t rest, uint64_t at, uint64_t window_bytes) {
    uint64_t most = window_bytes - at < 1 << 20 ? window_bytes - at : 1 << 20;
    return rest < most ? rest : most;
}

static void sink(char **arguments) {
    uint64_t window_bytes, at = 0;
    char *buffer = window(arguments[1], &window_bytes);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[0]))};
    int door = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, (struct sockaddr *)&address, sizeof address) != 0 || listen(door, 4) != 0) fail("listen");
    puts("ready");
    fflush(stdout);
    for (;;) {
        int from = accept(door, NULL, NULL);
        if (from < 0) fail("accept");
        no_delay(from);
        uint64_t bytes;
        while (read_all(from, &bytes, sizeof bytes)) {
            while (bytes > 0) {
                ssize_t got = read(from, buffer + at, part_of(bytes, at, window_bytes));
                if (got <= 0) break;
                bytes -= (uint64_t)got;
                at = (at + (uint64_t)got) % window_bytes;
            }
            if (bytes > 0) break;
            write_all(from, "k", 1);
        }
        close(from);
    }
}

static void send_messages(char **arguments) {
    uint64_t window_bytes, at = 0;
    char *buffer = window(arguments[4], &window_bytes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
    uint64_t bytes = strtoull(arguments[2], NULL, 10);
    int count = atoi(arguments[3]), to = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, arguments[0], &address.sin_addr) != 1) fail(arguments[0]);
    if (connect(to, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    no_delay(to);
    for (int i = 0; i < count; i++) {
        char answer;
        uint64_t begun = now();
        write_all(to, &bytes, sizeof bytes);
        for (uint64_t rest = bytes; rest > 0;) {
            uint64_t part = part_of(rest, at, window_bytes);
            write_all(to, buffer + at, part);
            rest -= part;
            at = (at + part) % window_bytes;
        }
        if (!read_all(to, &answer, 1)) fail("the sink closed");
        printf("%llu\n", (unsigned long long)(now() - begun));
        sleep_until(now() + 5000000); /* as an epoch's would, each one meets an idle connection */
    }
}

int main(int count, char **arguments) {
    if (count >= 8 && strcmp(arguments[1], "pause") == 0) pause_laps(arguments + 2, count - 2);
    else if (count == 4 && strcmp(arguments[1], "sink") == 0) sink(arguments + 2);
    else if (count == 7 && strcmp(arguments[1], "send") == 0) send_messages(arguments + 2);
    else {
        fprintf(stderr, "floor: unknown arguments (see the head of floor.c)\n");
        return 2;
    }
    return 0;
}
