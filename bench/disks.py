"""The disks' part of bench/run: what a protected disk costs the guest's writes, how fast a disk is copied, and what `stop` costs
with a dirty cache of the host. docs/bench.md says how to read it."""
import ctypes
import os
import statistics
import time

from lab import IDLE_NANOS, Disk, Engine, Lab, Monitor, fail

MEMORY_MIB = 256
INTERVAL_NANOS = 50 * 10**6  # the default one
# Memory of the backup's host: a second machine has a disk of its own, and here it would be the one that the guest waits for.
SETTINGS = "disks:\n  directory: /run/disks\n"
JOBS = {"sequential": ("1 MiB each, in order, one at a time", ["disk fill %d", "disk sync"], 1 << 20),
        "random": ("4 KiB each, at random, one at a time", ["disk scatter %d", "disk sync"], 4 << 10)}
MODES = ("alone", "mirrored", "protected")
DIRTY_MIB = (0, 16, 128)
SEED_EXTENT = 8 << 20
FLOOR_SOCKET = "/run/vm/floor.nbd"
CACHESTAT = 451  # linux/mman.h, 6.5 and newer


class DiskBench:
    def __init__(self, guest, accelerator, quick):
        self.guest, self.accelerator, self.quick = guest, accelerator, quick
        self.lab = None
        self.result = {}

    def run(self):
        self.start(Disk(256, "none"), SETTINGS)
        self.result["jobs"] = self.jobs()
        self.stop()
        self.lab.close(False)
        # Writeback, so that what is copied comes out of the same cache as nbdcopy's; the staging, so that no write asks for a checkpoint.
        self.start(Disk(512 if self.quick else 1024, "writeback", half_full), SETTINGS + "  staging: 1GiB\n")
        self.result["seed"] = self.seeds()
        self.result["stop"] = self.stops()
        self.stop()

    def start(self, disk, settings):
        self.lab = Lab(self.guest, self.accelerator, MEMORY_MIB, disk, settings)
        self.engine = Engine(self.lab)
        self.monitor = Monitor(self.lab)
        self.lab.ask_guest("disk open vda")

    def stop(self):
        self.monitor.close()
        self.engine.close()

    def close(self, keep):
        self.lab.close(keep)

    def nbdkit(self, host, *plugin):
        socket = "%s/%s/%s" % (self.lab.directory, host, os.path.basename(FLOOR_SOCKET))
        if os.path.exists(socket):
            os.unlink(socket)
        server = self.lab.start(host, "nbdkit", "--foreground", "--unix", FLOOR_SOCKET, *plugin)
        limit = time.monotonic() + 20
        while not os.path.exists(socket):
            if server.poll() is not None or time.monotonic() > limit:
                fail("nbdkit does not serve")
            time.sleep(0.02)
        return server

    # --- a guest that waits for its disk

    def jobs(self):
        self.nbdkit("hostA", "memory", "256M")
        counts = {"sequential": 64 if self.quick else 192, "random": 2000 if self.quick else 8000}
        seconds = {name: {mode: [] for mode in MODES} for name in JOBS}
        for each in range(4 if self.quick else 8):
            for mode in MODES[each % 3:] + MODES[:each % 3]:
                getattr(self, "enter_" + mode)()
                for name, (_, commands, _) in JOBS.items():
                    begun = time.monotonic()
                    for command in commands:
                        self.lab.ask_guest(command % counts[name] if "%d" in command else command)
                    if each > 0:  # the first round warms up
                        seconds[name][mode].append(time.monotonic() - begun)
                getattr(self, "leave_" + mode)()
        found = {}
        for name, (what, _, size) in JOBS.items():
            found[name] = {"what": what, "bytes": counts[name] * size, "writes": counts[name], "seconds": seconds[name]}
        return found

    def enter_alone(self):
        pass

    leave_alone = enter_alone

    def enter_mirrored(self):
        """QEMU's own share: the mirror that an agent asks for, to a server that keeps the bytes and does nothing else."""
        self.monitor.execute("blockdev-add", **{"driver": "nbd", "node-name": "floor", "server": {"type": "unix", "path": FLOOR_SOCKET}})
        self.monitor.execute("blockdev-mirror", **{"job-id": "floor", "device": "data", "target": "floor", "sync": "full", "copy-mode": "write-blocking"})
        self.monitor.await_event("BLOCK_JOB_READY")

    def leave_mirrored(self):
        self.monitor.execute("block-job-cancel", device="floor", force=True)
        self.monitor.await_event("JOB_STATUS_CHANGE", id="floor", status="null")
        self.monitor.execute("blockdev-del", **{"node-name": "floor"})

    def enter_protected(self):
        self.engine.ask("protect web1 hostB %d" % INTERVAL_NANOS)

    def leave_protected(self):
        self.engine.ask("unprotect")

    # --- the first copy of a disk

    def seeds(self):
        found = {"seconds": [], "protectedSeconds": [], "mirrorSeconds": [], "nbdcopySeconds": []}
        data = os.path.getsize(self.lab.image) // 2
        for each in range(4 if self.quick else 6):
            for measure in (self.seed, self.mirror, self.nbdcopy)[::1 - each % 2 * 2]:
                for name, seconds in measure(data).items():
                    if each > 0:  # the first round warms up
                        found[name].append(seconds)
        return dict(found, bytes=os.path.getsize(self.lab.image), dataBytes=data)

    def seed(self, data):
        seed = self.engine.ask("protect web1 hostB %d" % INTERVAL_NANOS)
        self.engine.ask("unprotect")
        # Else the next copy would find that the backup holds all of it.
        self.lab.hosts("exec", "hostB", "sh", "-c", "rm -r /run/disks/*")
        if int(seed["diskBytes"]) < data:
            fail("the copy of the disk sent %s bytes (expected: %d or more)" % (seed["diskBytes"], data))
        return {"seconds": int(seed["diskNanos"]) / 1e9, "protectedSeconds": int(seed["protectNanos"]) / 1e9}

    def mirror(self, _):
        """What QEMU takes to copy the disk to a server that keeps the bytes and does nothing else."""
        server = self.nbdkit("hostA", "memory", str(os.path.getsize(self.lab.image)))
        begun = time.monotonic()
        self.enter_mirrored()
        seconds = time.monotonic() - begun
        self.leave_mirrored()
        self.lab.end(server)
        return {"mirrorSeconds": seconds}

    def nbdcopy(self, _):
        """Seconds of a copy to a new file on the storage that the backup's image is on."""
        self.lab.hosts("exec", "hostB", "truncate", "-s", str(os.path.getsize(self.lab.image)), "/run/floor.img")
        server = self.nbdkit("hostB", "file", "/run/floor.img")
        # The shell's clock: to come onto the host takes as long as a few megabytes.
        text = self.lab.hosts("exec", "hostB", "bash", "-c", 'begun=$EPOCHREALTIME; '
                              'nbdcopy --flush --destination-is-zero "$1" "nbd+unix:///?socket=$2" && echo "$begun $EPOCHREALTIME"',
                              "nbdcopy", self.lab.image, FLOOR_SOCKET)
        self.lab.end(server)
        self.lab.hosts("exec", "hostB", "rm", "/run/floor.img")
        begun, ended = (float(word) for word in text.split())
        return {"nbdcopySeconds": ended - begun}

    # --- a stop with a dirty cache of the host

    def stops(self):
        found = {str(mebibytes): {"dirtyMib": [], "stop": [], "suspend": []} for mebibytes in DIRTY_MIB}
        for _ in range(2):
            for mebibytes in DIRTY_MIB * (3 if self.quick else 6):
                self.soil(mebibytes, found)
                begun = time.monotonic_ns()
                self.monitor.execute("stop")
                found[str(mebibytes)]["stop"].append(time.monotonic_ns() - begun)
                self.monitor.execute("cont")
            self.engine.ask("protect web1 hostB %d" % INTERVAL_NANOS)
            self.engine.ask("tune %d" % IDLE_NANOS)
            for mebibytes in DIRTY_MIB * (3 if self.quick else 6):
                self.soil(mebibytes, found)
                found[str(mebibytes)]["suspend"].append(self.suspend_nanos())
            self.engine.ask("unprotect")
        return found

    def soil(self, mebibytes, found):
        if mebibytes:
            self.lab.ask_guest("disk fill %d" % mebibytes)
        found[str(mebibytes)]["dirtyMib"].append(dirty_mebibytes(self.lab.image))

    def suspend_nanos(self):
        """Of one checkpoint that comes soon, and no other."""
        before = self.engine.number("state", "epoch")
        self.engine.ask("tune %d" % INTERVAL_NANOS)
        while self.engine.number("state", "epoch") == before:
            time.sleep(0.002)
        self.engine.ask("tune %d" % IDLE_NANOS)
        newest = self.engine.number("state", "epoch")
        limit = time.monotonic() + 60
        while self.engine.number("state", "ackedEpoch") < newest:
            if time.monotonic() > limit:
                fail("a checkpoint is not acknowledged")
            time.sleep(0.005)
        return self.engine.ask("laps %d" % (before + 1))[0][1]


def half_full(path):
    """Data and holes in turns, as much of the one as of the other; no data is alike."""
    size = os.path.getsize(path)
    with open(path, "r+b") as image:
        for at in range(0, size, 2 * SEED_EXTENT):
            image.seek(at)
            image.write(os.urandom(SEED_EXTENT))
        os.fsync(image.fileno())


class Range(ctypes.Structure):
    _fields_ = [("offset", ctypes.c_uint64), ("length", ctypes.c_uint64)]


class Pages(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("cache", "dirty", "writeback", "evicted", "recently_evicted")]


def dirty_mebibytes(path):
    """What of a file is in the host's cache and not yet on its disk."""
    whole, pages = Range(0, 0), Pages()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syscall(CACHESTAT, descriptor, ctypes.byref(whole), ctypes.byref(pages), 0) != 0:
            fail("cachestat: " + os.strerror(ctypes.get_errno()))
    finally:
        os.close(descriptor)
    return (pages.dirty + pages.writeback) / 256


def goals(result, goal, fact):
    """Adds the lines of the table; the two functions are those of bench/run."""
    for name, job in result["jobs"].items():
        median = {mode: statistics.median(job["seconds"][mode]) for mode in MODES}
        what = "%s writes, %d MB: protected, slower than alone by" % (name, job["bytes"] // 10**6)
        goal("G11", what, 100 * (median["protected"] / median["alone"] - 1), 5, "%.0f %%")
        fact("G11", "  mirrored by QEMU to nbdkit's memory, slower by", "%.0f %%" % (100 * (median["mirrored"] / median["alone"] - 1)))
        fact("G11", "  a write takes alone / mirrored / protected", " / ".join("%.2f" % (1000 * median[mode] / job["writes"]) for mode in MODES) + " ms")
    seed = result["seed"]
    ours, floor = statistics.median(seed["seconds"]), statistics.median(seed["nbdcopySeconds"])
    what = "first copy of a disk %.2f GB/s / nbdcopy %.2f GB/s" % (seed["dataBytes"] / 1e9 / ours, seed["dataBytes"] / 1e9 / floor)
    goal("G13", what, 100 * floor / ours, 60, "%.0f %%", at_most=False)
    fact("G13", "  QEMU's own mirror to nbdkit's memory; first copy / it",
         "%.2f GB/s; %.0f %%" % (seed["dataBytes"] / 1e9 / statistics.median(seed["mirrorSeconds"]), 100 * statistics.median(seed["mirrorSeconds"]) / ours))
    fact("G13", "  %d MB, half of it holes, and the memory: until protected" % (seed["bytes"] // 10**6), "%.2f s" % statistics.median(seed["protectedSeconds"]))
    for mebibytes, times in result["stop"].items():
        fact("H10", "`stop` p50, %.0f MiB dirty in the host's cache: alone; protected" % statistics.median(times["dirtyMib"]),
             "%.1f ms; %.1f ms" % (statistics.median(times["stop"]) / 1e6, statistics.median(times["suspend"]) / 1e6))
