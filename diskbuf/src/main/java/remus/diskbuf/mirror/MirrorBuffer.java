package remus.diskbuf.mirror;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.DiskBuffer;
import remus.diskbuf.nbd.Completion;
import remus.diskbuf.nbd.NbdError;
import remus.diskbuf.nbd.NbdServer;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.SlabPool;
import remus.domain.linux.ProcessFiles;
import remus.domain.qemu.DiskMirrors;
import remus.domain.qemu.Monitor;
import remus.domain.qemu.QemuDisk;

/**
 * Captures what a QEMU guest writes to its disks: QEMU mirrors each disk to an export of this
 * process ({@link MirrorJob}), and hears of a write only when it is captured here. The guest's own
 * disks are written first, and stay as they are whatever happens here.
 *
 * <p>When the memory for captured writes is used up, answers are withheld, and the guest waits for
 * the writes before to be acknowledged. Never while the guest is being suspended: QEMU completes
 * its writes before it stops, and the checkpoint that would make room waits for that stop. Then a
 * reserve is used; should it not suffice, the write fails, the mirror ends, and the disks are
 * copied anew.
 *
 * <p>A server that dies takes what it captured with it, and QEMU would not send it again. So an
 * export has a name of its own in each life, QEMU never reconnects, and after a death the disks are
 * compared whole.
 */
public final class MirrorBuffer implements DiskBuffer {
    /** Half of the memory is kept for what comes while the guest is being suspended. */
    private static final int RESERVE_SHARE = 2;

    private static final int MAX_EXTENTS_UNFILTERED = 2;

    private final Monitor monitor;
    private final long qemuPid;
    private final Path directory;
    private final List<QemuDisk> disks;
    private final CapturedWrites writes;
    private final List<CaptureExport> exports = new ArrayList<>();
    private final List<MirrorJob> jobs = new ArrayList<>();
    private final Set<Integer> ready = new HashSet<>();
    private final @Nullable SeedFilter[] filters;
    private final Queue<Withheld> withheld = new ArrayDeque<>();
    private final long[] flushesBefore;
    private final long[] receivedBytes;
    private final long[] sentBytes;
    private @Nullable NbdServer server;
    private @Nullable String brokenBy;
    private boolean urgent;
    private boolean ended;
    private volatile Runnable pressure = () -> {};

    private record Withheld(
            int disk,
            long offset,
            long length,
            @Nullable ByteBuf payload,
            Slab.Extent kind,
            Completion done) {}

    /**
     * @param qemuPid the QEMU process; its user must be able to connect
     * @param directory for the socket; must exist, and be reachable for QEMU's user
     * @param disks those to be captured, in the order of the disk indices
     * @param pool memory for what is captured; this buffer's alone
     */
    public MirrorBuffer(
            Monitor monitor, long qemuPid, Path directory, List<QemuDisk> disks, SlabPool pool) {
        this.monitor = monitor;
        this.qemuPid = qemuPid;
        this.directory = directory;
        this.disks = List.copyOf(disks);
        writes = new CapturedWrites(pool, pool.capacity() / RESERVE_SHARE, disks.size());
        filters = new SeedFilter[disks.size()];
        flushesBefore = new long[disks.size()];
        receivedBytes = new long[disks.size()];
        sentBytes = new long[disks.size()];
        pool.onGive(this::drain);
    }

    @Override
    public void onPressure(Runnable listener) {
        pressure = listener;
    }

    @Override
    public void seed(List<ChunkDigests> there) {
        String life = UUID.randomUUID().toString();
        for (int disk = 0; disk < disks.size(); disk++) {
            exports.add(new CaptureExport(this, disk, disk + "-" + life, disks.get(disk).bytes()));
            filters[disk] = new SeedFilter(there.get(disk));
        }
        NbdServer started = NbdServer.start(exports, 1);
        server = started;
        Path socket = directory.resolve("mirror.sock");
        started.listen(socket);
        giveToQemu(socket);
        for (int disk = 0; disk < disks.size(); disk++) {
            MirrorJob job = new MirrorJob(monitor, disks.get(disk), disk, listener(disk));
            jobs.add(job);
            job.start(socket, exports.get(disk).name());
        }
    }

    private void giveToQemu(Path socket) {
        try {
            Files.setAttribute(socket, "unix:uid", ProcessFiles.effectiveUid(qemuPid));
        } catch (IOException e) {
            throw new DomainException(
                    "disk-socket",
                    "QEMU process " + qemuPid + " cannot be given " + socket + ": " + e,
                    "check that the VM runs and the run directory is writable",
                    e);
        }
    }

    private MirrorJob.Listener listener(int disk) {
        return new MirrorJob.Listener() {
            @Override
            public void ready() {
                synchronized (MirrorBuffer.this) {
                    ready.add(disk);
                }
            }

            @Override
            public void ended(String reason) {
                breakOff("the mirror of disk " + disks.get(disk).name() + " ended: " + reason);
            }
        };
    }

    private void breakOff(String why) {
        synchronized (this) {
            if (brokenBy == null) {
                brokenBy = why;
            }
        }
        pressure.run();
    }

    /** A write of the guest, or of the copy, in the server's thread. */
    void write(int disk, long offset, ByteBuf payload, Completion done) {
        long length = payload.readableBytes();
        capture(new Withheld(disk, offset, length, payload, Slab.Extent.DATA, done));
    }

    /** Zeroes or a trim of the guest, or of the copy, in the server's thread. */
    void mark(int disk, long offset, long length, Slab.Extent kind, Completion done) {
        capture(new Withheld(disk, offset, length, null, kind, done));
    }

    private void capture(Withheld request) {
        boolean taken;
        boolean waits = false;
        boolean full;
        synchronized (this) {
            taken = !ended && withheld.isEmpty() && take(request);
            if (!taken && !ended && !urgent) {
                withheld.add(request);
                waits = true;
            }
            full = !taken || writes.isHalfFull();
        }
        if (taken) {
            request.done.done();
        } else if (!waits) {
            refuse(request);
            breakOff("the writes at a suspend did not fit the memory for captured writes");
        }
        if (full) {
            pressure.run();
        }
    }

    private static void refuse(Withheld request) {
        if (request.payload != null) {
            request.payload.release();
        }
        request.done.fail(NbdError.ENOMEM);
    }

    /** Takes what was withheld as far as there is room now, in order. */
    private void drain() {
        while (true) {
            Withheld next;
            synchronized (this) {
                next = withheld.peek();
                if (next == null || !take(next)) {
                    return;
                }
                withheld.remove();
            }
            next.done.done();
        }
    }

    /** Returns whether there was room; the payload is then given up. */
    private boolean take(Withheld request) {
        SeedFilter filter = filters[request.disk];
        int ranges =
                filter == null
                        ? MAX_EXTENTS_UNFILTERED
                        : filter.mostRanges(request.length) + MAX_EXTENTS_UNFILTERED;
        ByteBuf payload = request.payload;
        long bytes = payload == null ? 0 : request.length;
        if (!writes.hasRoom(request.disk, bytes, ranges, urgent)) {
            return false;
        }
        if (filter == null) {
            add(request, request.offset, request.length);
        } else if (payload == null) {
            filter.zeroes(request.offset, request.length, (at, length) -> add(request, at, length));
        } else {
            filter.data(request.offset, payload, (at, length) -> add(request, at, length));
        }
        receivedBytes[request.disk] += request.length;
        if (payload != null) {
            payload.release();
        }
        return true;
    }

    private void add(Withheld request, long at, long length) {
        sentBytes[request.disk] += length;
        ByteBuf payload = request.payload;
        if (payload == null) {
            writes.mark(request.disk, at, length, request.kind);
        } else {
            int from = payload.readerIndex() + (int) (at - request.offset);
            writes.write(request.disk, at, payload, from, (int) length);
        }
    }

    @Override
    public synchronized List<Slab> take() {
        return writes.take();
    }

    @Override
    public synchronized boolean isSeeded() {
        checkWhole();
        if (ready.size() < disks.size()) {
            return false;
        }
        for (int disk = 0; disk < disks.size(); disk++) {
            filters[disk] = null;
        }
        return true;
    }

    private synchronized void checkWhole() {
        String why = brokenBy;
        if (why != null) {
            throw new DomainException(
                    "disk-broken", why, "nothing need be done: the disks are compared and copied");
        }
    }

    @Override
    public synchronized List<Progress> progress() {
        List<Progress> all = new ArrayList<>();
        for (int disk = 0; disk < disks.size(); disk++) {
            QemuDisk one = disks.get(disk);
            long copied =
                    ready.contains(disk) ? one.bytes() : Math.min(one.bytes(), receivedBytes[disk]);
            all.add(
                    new Progress(
                            one.name(), one.bytes(), copied, sentBytes[disk], writes.heldBytes()));
        }
        return all;
    }

    /** Without a seed before it, takes away what an earlier life of this agent left in QEMU. */
    @Override
    public void attach() {
        if (jobs.isEmpty()) {
            DiskMirrors.remove(monitor, name -> true);
        }
    }

    @Override
    public void presuspend(long epoch) {
        synchronized (this) {
            urgent = true;
            for (int disk = 0; disk < exports.size(); disk++) {
                flushesBefore[disk] = exports.get(disk).flushes();
            }
        }
        drain();
        boolean stuck;
        synchronized (this) {
            stuck = !withheld.isEmpty();
        }
        if (stuck) {
            refuseWithheld();
            breakOff("the writes under way did not fit the memory for captured writes");
        }
    }

    /**
     * QEMU flushes each disk when it stops: without that the stop did not complete our copy.
     *
     * @throws DomainException {@code disk-broken} if the epoch's writes are not all here
     */
    @Override
    public void preresume(long epoch) {
        checkWhole();
        for (int disk = 0; disk < exports.size(); disk++) {
            if (exports.get(disk).flushes() == flushesBefore[disk]) {
                breakOff("QEMU is not connected any more for disk " + disks.get(disk).name());
            }
        }
        checkWhole();
    }

    @Override
    public synchronized void resumed() {
        urgent = false;
    }

    @Override
    public void commit(long epoch) {}

    @Override
    public void discard() {
        breakOff("this copy of the domain lost");
        end();
    }

    @Override
    public void detach() {
        for (MirrorJob job : jobs) {
            job.stop();
        }
        close();
    }

    @Override
    public void close() {
        end();
        NbdServer running = server;
        server = null;
        if (running != null) {
            running.close();
        }
    }

    private void end() {
        List<Slab> unused;
        synchronized (this) {
            ended = true;
            unused = writes.take();
        }
        refuseWithheld();
        unused.forEach(Slab::giveBack);
    }

    private void refuseWithheld() {
        List<Withheld> refused;
        synchronized (this) {
            refused = List.copyOf(withheld);
            withheld.clear();
        }
        refused.forEach(MirrorBuffer::refuse);
    }
}
