/*
 * dirty: a load of known size inside the test guest, told what to do over a serial port, one line a command:
 *
 *   buffer MIB            a locked, fully written buffer of MIB mebibytes (frees the one before)
 *   dirty N RATE [BYTES]  from now on, RATE times a second, write BYTES (default 8) into each of N scattered pages of it
 *   stop                  no more of that; what was achieved
 *   where                 what is achieved so far, and where the buffer is
 *   check                 every page still bears its own number and its own last write: pages that do not are counted
 *   clock                 the guest's clocks, in nanoseconds
 *   disk open NAME        the disk /dev/NAME, such as vda
 *   disk write N [WORKERS]  from now on, WORKERS at a time (default 1), write its first N blocks of 4 KiB, at random
 *   disk stop | disk where  no more of that; what was achieved
 *   disk check            every block written still bears its own number and its own last write: those that do not are counted
 *   disk fill MIB         a job: write the first MIB mebibytes of it once, in order, 1 MiB at a time; answered when it is done
 *   disk scatter N        a job: write N blocks of 4 KiB at random places of it, one at a time; answered when it is done
 *   disk sync             have the disk make all that durable
 *   reboot | poweroff | panic
 *
 * Each command is answered by one line, "ok NAME=VALUE ..." or "error WHY". One thread (but for disks): a command that is no job is
 * answered within one tick, and what one tick does is never more than one pass over the buffer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "disk.h"

#define PAGE 4096u
#define BILLION 1000000000ull

/* The head of every page of the buffer: enough to tell a page that is not itself, or is old. */
struct stamp {
    uint64_t write; /* how many writes there had been; keep it first: the shortest write touches it alone */
    uint64_t page;
};

static int port;
static uint8_t *buffer;
static uint64_t *last_write; /* of each page; lives outside the buffer so that the two can be compared */
static uint64_t pages, cursor, stride, writes;

static int running;
static uint64_t per_tick, rate, bytes;
static uint64_t started, next_tick, ticks, late, written;

static uint64_t now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * BILLION + (uint64_t)t.tv_nsec;
}

static void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void answer(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vdprintf(port, format, arguments);
    va_end(arguments);
    (void)!write(port, "\n", 1);
}

static uint64_t gcd(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void write_page(uint64_t page) {
    struct stamp *stamp = (struct stamp *)(buffer + page * PAGE);
    stamp->write = last_write[page] = ++writes;
    /* Beyond the stamp the content changes with every write, so that neither a zero nor an equal page results. */
    uint64_t word = writes * 0x9e3779b97f4a7c15ull;
    for (uint64_t at = sizeof *stamp; at + 8 <= bytes; at += 8) {
        word ^= word << 13, word ^= word >> 7, word ^= word << 17;
        memcpy((uint8_t *)stamp + at, &word, 8);
    }
}

/* What the guest can give without going short itself: a guest out of memory measures nothing. */
static uint64_t spare_mebibytes(void) {
    unsigned long long kibibytes = 0;
    char line[128];
    FILE *facts = fopen("/proc/meminfo", "r");
    if (facts == NULL) return 0;
    while (fgets(line, sizeof line, facts) != NULL && sscanf(line, "MemAvailable: %llu", &kibibytes) != 1) continue;
    fclose(facts);
    return kibibytes / 1024 * 9 / 10;
}

static void make_buffer(uint64_t mebibytes) {
    if (running) {
        answer("error a load is running: stop it first");
        return;
    }
    if (buffer != NULL) {
        munmap(buffer, pages * PAGE);
        munmap(last_write, pages * sizeof *last_write);
        buffer = NULL;
        pages = 0;
    }
    uint64_t spare = spare_mebibytes();
    if (mebibytes == 0 || mebibytes > spare) {
        answer("error buffer of %llu MiB (expected: 1 to %llu)", (unsigned long long)mebibytes, (unsigned long long)spare);
        return;
    }
    uint64_t count = mebibytes * 256;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    uint64_t *table = mmap(NULL, count * sizeof *table, PROT_READ | PROT_WRITE, flags, -1, 0);
    uint8_t *memory = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (table == MAP_FAILED || memory == MAP_FAILED || mlock(memory, count * PAGE) != 0
            || mlock(table, count * sizeof *table) != 0) {
        int why = errno;
        if (table != MAP_FAILED) munmap(table, count * sizeof *table);
        if (memory != MAP_FAILED) munmap(memory, count * PAGE);
        answer("error %llu MiB: %s", (unsigned long long)mebibytes, strerror(why));
        return;
    }
    buffer = memory;
    last_write = table;
    pages = count;
    bytes = PAGE;
    for (uint64_t page = 0; page < pages; page++) {
        ((struct stamp *)(buffer + page * PAGE))->page = page;
        write_page(page);
    }
    /* A stride near the golden section of the buffer and coprime to it visits every page once, far apart, before any again. */
    stride = pages * 618 / 1000 | 1;
    while (gcd(stride, pages) != 1) stride += 2;
    cursor = 0;
    answer("ok pages=%llu", (unsigned long long)pages);
}

static void report(void) {
    uint64_t nanos = started == 0 ? 0 : now(CLOCK_MONOTONIC) - started;
    answer("ok running=%d ticks=%llu late=%llu written=%llu nanos=%llu pages=%llu address=%p", running,
           (unsigned long long)ticks, (unsigned long long)late, (unsigned long long)written, (unsigned long long)nanos,
           (unsigned long long)pages, (void *)buffer);
}

static void start(uint64_t wanted_per_tick, uint64_t wanted_rate, uint64_t wanted_bytes) {
    if (buffer == NULL) {
        answer("error no buffer: send `buffer MIB` first");
    } else if (wanted_per_tick == 0 || wanted_per_tick > pages) {
        answer("error %llu pages at a time (expected: 1 to %llu)", (unsigned long long)wanted_per_tick, (unsigned long long)pages);
    } else if (wanted_rate == 0 || wanted_rate > 10000) {
        answer("error %llu times a second (expected: 1 to 10000)", (unsigned long long)wanted_rate);
    } else if (wanted_bytes < 8 || wanted_bytes > PAGE) {
        answer("error %llu bytes a page (expected: 8 to %u)", (unsigned long long)wanted_bytes, PAGE);
    } else {
        per_tick = wanted_per_tick;
        rate = wanted_rate;
        bytes = wanted_bytes;
        ticks = late = written = 0;
        started = next_tick = now(CLOCK_MONOTONIC);
        running = 1;
        answer("ok");
    }
}

static void tick(void) {
    for (uint64_t i = 0; i < per_tick; i++) {
        write_page(cursor);
        cursor = (cursor + stride) % pages;
    }
    ticks++;
    written += per_tick;
    next_tick += BILLION / rate;
    uint64_t after = now(CLOCK_MONOTONIC);
    if (after > next_tick) {
        /* Fallen behind: say so and go on from here; a burst to catch up would be another load than the one asked for. */
        late++;
        next_tick = after;
    }
}

static void check(void) {
    uint64_t wrong = 0;
    for (uint64_t page = 0; page < pages; page++) {
        const struct stamp *stamp = (const struct stamp *)(buffer + page * PAGE);
        wrong += stamp->page != page || stamp->write != last_write[page];
    }
    answer("ok pages=%llu wrong=%llu", (unsigned long long)pages, (unsigned long long)wrong);
}

static void panic(void) {
    int trigger = open("/proc/sysrq-trigger", O_WRONLY);
    if (trigger < 0 || write(trigger, "c", 1) != 1) answer("error /proc/sysrq-trigger: %s", strerror(errno));
}

static void obey(char *line) {
    unsigned long long a = 0, b = 0, c = 8;
    if (sscanf(line, "buffer %llu", &a) == 1) {
        make_buffer(a);
    } else if (sscanf(line, "dirty %llu %llu %llu", &a, &b, &c) >= 2) {
        start(a, b, c);
    } else if (strcmp(line, "stop") == 0) {
        running = 0;
        report();
        started = 0;
    } else if (strcmp(line, "where") == 0) {
        report();
    } else if (strcmp(line, "check") == 0) {
        check();
    } else if (strcmp(line, "clock") == 0) {
        answer("ok monotonic=%llu boottime=%llu realtime=%llu", (unsigned long long)now(CLOCK_MONOTONIC),
               (unsigned long long)now(CLOCK_BOOTTIME), (unsigned long long)now(CLOCK_REALTIME));
    } else if (strncmp(line, "disk ", 5) == 0) {
        char text[128];
        obey_disk(line + 5, text, sizeof text);
        answer("%s", text);
    } else if (strcmp(line, "reboot") == 0) {
        answer("ok");
        tcdrain(port);
        reboot(RB_AUTOBOOT);
    } else if (strcmp(line, "poweroff") == 0) {
        answer("ok");
        tcdrain(port);
        reboot(RB_POWER_OFF);
    } else if (strcmp(line, "panic") == 0) {
        answer("ok");
        tcdrain(port);
        panic();
    } else if (*line != '\0') {
        answer("error unknown command (expected: buffer, dirty, stop, where, check, clock, disk, reboot, poweroff, panic)");
    }
}

/* Takes what the port has; runs the lines that are complete. A line too long for any command is dropped whole. */
static void listen_to_port(void) {
    static char line[128];
    static size_t length;
    static int too_long;
    char input[128];
    ssize_t got = read(port, input, sizeof input);
    for (ssize_t i = 0; i < got; i++) {
        if (input[i] == '\n' || input[i] == '\r') {
            line[length] = '\0';
            if (too_long) answer("error line too long (expected: up to %zu characters)", sizeof line - 1);
            else obey(line);
            length = 0;
            too_long = 0;
        } else if (length + 1 < sizeof line) {
            line[length++] = input[i];
        } else {
            too_long = 1;
        }
    }
}

int main(int count, char **arguments) {
    struct termios settings;
    port = open(count > 1 ? arguments[1] : "/dev/ttyS1", O_RDWR | O_NOCTTY);
    if (port < 0 || tcgetattr(port, &settings) != 0) {
        fprintf(stderr, "dirty: no second serial port (%s): no load can be asked for\n", strerror(errno));
        return 1;
    }
    cfmakeraw(&settings);
    cfsetspeed(&settings, B115200);
    settings.c_cflag |= CLOCAL;
    tcsetattr(port, TCSAFLUSH, &settings);
    answer("ok ready");
    for (;;) {
        struct pollfd waiting = {.fd = port, .events = POLLIN};
        struct timespec rest, *limit = NULL;
        if (running) {
            uint64_t present = now(CLOCK_MONOTONIC);
            uint64_t nanos = next_tick > present ? next_tick - present : 0;
            rest = (struct timespec){.tv_sec = (time_t)(nanos / BILLION), .tv_nsec = (long)(nanos % BILLION)};
            limit = &rest;
        }
        int ready = ppoll(&waiting, 1, limit, NULL);
        if (ready > 0) listen_to_port();
        if (running && now(CLOCK_MONOTONIC) >= next_tick) tick();
    }
}
