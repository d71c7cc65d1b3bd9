/* disk: writes of known content to a disk of the test guest, past its page cache; see the commands in dirty.c. */
#define _GNU_SOURCE
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 4096u
#define MOST_BLOCKS (1u << 20)
#define MOST_WORKERS 64u

/* Worker w writes the blocks whose number is w modulo the workers, so that no two write one. */
static pthread_t threads[MOST_WORKERS];
static unsigned workers, blocks;
static atomic_int running;
static atomic_ullong writes, failures;
static uint64_t *last_write; /* of each block, once the disk has said that it is written */
static int disk = -1;

static void fill(uint64_t *block, uint64_t number, uint64_t write) {
    uint64_t word = (number << 32 ^ write) * 0x9e3779b97f4a7c15ull | 1;
    block[0] = number;
    block[1] = write;
    for (unsigned i = 2; i < BLOCK / 8; i++) {
        word ^= word << 13, word ^= word >> 7, word ^= word << 17;
        block[i] = word;
    }
}

static void *work(void *argument) {
    unsigned worker = (unsigned)(uintptr_t)argument, seed = worker + 1, mine = blocks / workers;
    uint64_t *block = aligned_alloc(BLOCK, BLOCK), write = 0;
    while (block != NULL && running) {
        uint64_t number = (uint64_t)(rand_r(&seed) % mine) * workers + worker;
        fill(block, number, ++write);
        if (pwrite(disk, block, BLOCK, (off_t)(number * BLOCK)) == BLOCK) {
            last_write[number] = write;
            writes++;
        } else {
            failures++;
            usleep(1000);
        }
    }
    free(block);
    return NULL;
}

static void stop(void) {
    running = 0;
    for (unsigned i = 0; i < workers; i++) pthread_join(threads[i], NULL);
    workers = 0;
}

static void start(unsigned wanted_blocks, unsigned wanted_workers, char *answer, size_t room) {
    if (disk < 0 || workers != 0) {
        snprintf(answer, room, "error %s", disk < 0 ? "no disk: send `disk open NAME` first" : "a load is running: stop it first");
    } else if (wanted_workers == 0 || wanted_workers > MOST_WORKERS || wanted_blocks < wanted_workers || wanted_blocks > MOST_BLOCKS) {
        snprintf(answer, room, "error expected: up to %u blocks, up to %u workers", MOST_BLOCKS, MOST_WORKERS);
    } else {
        free(last_write);
        last_write = calloc(wanted_blocks, sizeof *last_write);
        blocks = wanted_blocks;
        workers = wanted_workers;
        writes = failures = 0;
        running = 1;
        for (unsigned i = 0; i < workers; i++) pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i);
        snprintf(answer, room, "ok");
    }
}

/* What was never written is not looked at. */
static void check(char *answer, size_t room) {
    uint64_t *found = aligned_alloc(BLOCK, BLOCK), *wanted = aligned_alloc(BLOCK, BLOCK);
    unsigned wrong = 0, checked = 0;
    for (unsigned number = 0; workers == 0 && last_write != NULL && number < blocks; number++) {
        if (last_write[number] == 0) continue;
        fill(wanted, number, last_write[number]);
        wrong += pread(disk, found, BLOCK, (off_t)number * BLOCK) != BLOCK || memcmp(found, wanted, BLOCK) != 0;
        checked++;
    }
    free(found);
    free(wanted);
    snprintf(answer, room, workers != 0 ? "error a load is running: stop it first" : "ok blocks=%u wrong=%u", checked, wrong);
}

/* A job that ends: `count` writes of `bytes`, in order from the start of the disk or at random, one at a time. No two blocks are alike. */
static void write_all(unsigned count, size_t bytes, int at_random, char *answer, size_t room) {
    static uint64_t stamp;
    uint64_t pieces = disk < 0 ? 0 : (uint64_t)lseek(disk, 0, SEEK_END) / bytes;
    if (disk < 0 || workers != 0) {
        snprintf(answer, room, "error %s", disk < 0 ? "no disk: send `disk open NAME` first" : "a load is running: stop it first");
        return;
    }
    if (count == 0 || pieces == 0 || (!at_random && count > pieces)) {
        snprintf(answer, room, "error %u writes (expected: 1 to %llu)", count, (unsigned long long)pieces);
        return;
    }
    free(last_write); /* `disk check` knows nothing of these */
    last_write = NULL;
    uint64_t *piece = aligned_alloc(BLOCK, bytes);
    unsigned seed = 1, written = 0;
    for (size_t at = 0; piece != NULL && at < bytes / BLOCK; at++) fill(piece + at * BLOCK / 8, at, 1);
    for (; piece != NULL && written < count; written++) {
        uint64_t number = at_random ? ((uint64_t)rand_r(&seed) << 16 ^ (uint64_t)rand_r(&seed)) % pieces : written;
        for (size_t at = 0; at < bytes / BLOCK; at++) piece[at * BLOCK / 8] = ++stamp;
        if (pwrite(disk, piece, bytes, (off_t)(number * bytes)) != (ssize_t)bytes) break;
    }
    int why = errno;
    free(piece);
    if (written == count) snprintf(answer, room, "ok writes=%u", written);
    else snprintf(answer, room, "error write %u: %s", written, strerror(why));
}

void obey_disk(const char *command, char *answer, size_t room) {
    char name[32] = "", path[48];
    unsigned a = 0, b = 1;
    if (sscanf(command, "open %31s", name) == 1) {
        stop();
        if (disk >= 0) close(disk);
        snprintf(path, sizeof path, "/dev/%s", name);
        disk = open(path, O_RDWR | O_DIRECT);
        if (disk < 0) snprintf(answer, room, "error %s: %s", path, strerror(errno));
        else snprintf(answer, room, "ok bytes=%lld", (long long)lseek(disk, 0, SEEK_END));
    } else if (sscanf(command, "write %u %u", &a, &b) >= 1) {
        start(a, b, answer, room);
    } else if (strcmp(command, "stop") == 0 || strcmp(command, "where") == 0) {
        if (*command == 's') stop();
        snprintf(answer, room, "ok writes=%llu failures=%llu", (unsigned long long)writes, (unsigned long long)failures);
    } else if (strcmp(command, "check") == 0) {
        check(answer, room);
    } else if (sscanf(command, "fill %u", &a) == 1) {
        write_all(a, 1 << 20, 0, answer, room);
    } else if (sscanf(command, "scatter %u", &a) == 1) {
        write_all(a, BLOCK, 1, answer, room);
    } else if (strcmp(command, "sync") == 0) {
        snprintf(answer, room, disk < 0 || fsync(disk) != 0 ? "error no disk, or it failed" : "ok");
    } else {
        snprintf(answer, room, "error unknown command (expected: disk open, write, stop, where, check, fill, scatter, sync)");
    }
}
