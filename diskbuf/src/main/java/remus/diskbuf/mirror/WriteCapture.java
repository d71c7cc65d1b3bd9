package remus.diskbuf.mirror;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.DiskBuffer;
import remus.diskbuf.nbd.Completion;
import remus.diskbuf.nbd.NbdError;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.SlabPool;

/**
 * Captures writes in bounded memory, whichever way they come. When the memory is used up they wait,
 * in order, for those before to be acknowledged. Never while the guest is being suspended: its
 * hypervisor completes its writes before it stops, and the checkpoint that would make room waits
 * for that stop. Then a reserve is used; should it not suffice, a write is refused, and from then
 * on this is no copy of the disks any more, and no write waits.
 *
 * <p>Any thread. A {@link Completion} is called outside of every lock, by the thread that brought
 * the write or by the one that made room: done when the write is captured, failed when it never
 * will be.
 */
final class WriteCapture {
    /** Half of the memory is kept for what comes while the guest is being suspended. */
    private static final int RESERVE_SHARE = 2;

    private static final int MAX_EXTENTS_UNFILTERED = 2;

    /**
     * Longer zeroes and trims are not compared: in the worst case they fall into too many ranges.
     */
    private static final long MAX_COMPARED_BYTES = 16 << 20;

    private final String mode;
    private final List<CapturedDisk> disks;
    private final CapturedWrites writes;
    private final @Nullable SeedFilter[] filters;
    private final Queue<Withheld> withheld = new ArrayDeque<>();
    private final long[] receivedBytes;
    private final long[] sentBytes;
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
     * @param mode how they come, in one word
     * @param disks numbered here by their place in this list
     * @param pool memory for what is captured; nobody else's
     */
    WriteCapture(String mode, List<CapturedDisk> disks, SlabPool pool) {
        this.mode = mode;
        this.disks = List.copyOf(disks);
        int[] indices = disks.stream().mapToInt(CapturedDisk::index).toArray();
        writes = new CapturedWrites(pool, pool.capacity() / RESERVE_SHARE, indices);
        filters = new SeedFilter[disks.size()];
        receivedBytes = new long[disks.size()];
        sentBytes = new long[disks.size()];
        pool.onGive(this::drain);
    }

    void onPressure(Runnable listener) {
        pressure = listener;
    }

    /** From here on what the backup holds already is left out, until {@link #seeded}. */
    synchronized void compare(int disk, ChunkDigests there) {
        filters[disk] = new SeedFilter(there);
    }

    /** The disks are copied; every write counts. */
    synchronized void seeded() {
        for (int disk = 0; disk < filters.length; disk++) {
            filters[disk] = null;
        }
    }

    /** Bytes that were written. The payload is given up. */
    void write(int disk, long offset, ByteBuf payload, Completion done) {
        long length = payload.readableBytes();
        capture(new Withheld(disk, offset, length, payload, Slab.Extent.DATA, done));
    }

    /** Zeroes, or a trim. */
    void mark(int disk, long offset, long length, Slab.Extent kind, Completion done) {
        capture(new Withheld(disk, offset, length, null, kind, done));
    }

    private void capture(Withheld request) {
        boolean taken;
        boolean waits = false;
        boolean full;
        synchronized (this) {
            taken = !ended && withheld.isEmpty() && take(request);
            // what the suspend found waiting is being taken: this one comes behind it
            if (!taken && !ended && brokenBy == null && (!urgent || !withheld.isEmpty())) {
                withheld.add(request);
                waits = true;
            }
            full = !taken || writes.isHalfFull();
        }
        if (!taken && !waits) {
            breakOff("the writes at a suspend did not fit the memory for captured writes");
        }
        if (taken) {
            request.done.done();
        } else if (!waits) {
            refuse(request);
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
        if (filter != null && request.length > MAX_COMPARED_BYTES) {
            filter.sent(request.offset, request.length);
            filter = null;
        }
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

    /** Hands over all that was captured since the last call. */
    synchronized List<Slab> take() {
        return writes.take();
    }

    /** Not every write is here any more. The first reason counts. */
    void breakOff(String why) {
        synchronized (this) {
            if (brokenBy == null) {
                brokenBy = why;
            }
        }
        pressure.run();
    }

    /**
     * Demands that every write is here.
     *
     * @throws DomainException {@code disk-broken}
     */
    synchronized void checkWhole() {
        String why = brokenBy;
        if (why != null) {
            throw new DomainException(
                    "disk-broken", why, "nothing need be done: the disks are compared and copied");
        }
    }

    /** Nobody makes room any more: what waits is refused, and what comes when there is none. */
    void waitNoLonger() {
        synchronized (this) {
            if (withheld.isEmpty()) {
                return;
            }
        }
        breakOff("the guest's writes waited too long for the backup");
        refuseWithheld();
    }

    /** From here on no write waits, until {@link #resumed}; what waited is captured or refused. */
    void presuspend() {
        synchronized (this) {
            urgent = true;
        }
        drain();
        if (refuseWithheld()) {
            breakOff("the writes under way did not fit the memory for captured writes");
        }
    }

    synchronized void resumed() {
        urgent = false;
    }

    /** Captures nothing more and drops what it has; writes are refused. */
    void end() {
        List<Slab> unused;
        synchronized (this) {
            ended = true;
            unused = writes.take();
        }
        refuseWithheld();
        unused.forEach(Slab::giveBack);
    }

    /** Returns whether there was anything. */
    private boolean refuseWithheld() {
        List<Withheld> refused;
        synchronized (this) {
            refused = List.copyOf(withheld);
            withheld.clear();
        }
        refused.forEach(WriteCapture::refuse);
        return !refused.isEmpty();
    }

    /** Bytes that came for a disk so far, the copy and the guest's together. */
    synchronized long receivedBytes(int disk) {
        return receivedBytes[disk];
    }

    /** How far a disk is, of which {@code copiedBytes} are copied. */
    synchronized DiskBuffer.Progress progress(int disk, long copiedBytes) {
        CapturedDisk one = disks.get(disk);
        return new DiskBuffer.Progress(
                one.name(), one.bytes(), copiedBytes, sentBytes[disk], writes.heldBytes(), mode);
    }
}
