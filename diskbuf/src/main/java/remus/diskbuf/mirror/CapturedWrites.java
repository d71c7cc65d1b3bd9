package remus.diskbuf.mirror;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import remus.domain.Slab;
import remus.domain.SlabPool;

/**
 * What a domain wrote since it was last asked, laid out for the wire, in bounded memory: a part of
 * the pool is a reserve that only urgent writes may use.
 *
 * <p>Not thread-safe: {@link WriteCapture} guards it.
 */
final class CapturedWrites {
    private final SlabPool pool;
    private final int reserve;
    private final int[] indices;
    private final @Nullable Slab[] open;
    private final List<Slab> complete = new ArrayList<>();

    /**
     * @param reserve slabs of the pool that are kept for urgent writes
     * @param indices what each disk is called in its slabs; the writes to each stay in order
     */
    CapturedWrites(SlabPool pool, int reserve, int[] indices) {
        this.pool = pool;
        this.reserve = reserve;
        this.indices = indices.clone();
        open = new Slab[indices.length];
    }

    /**
     * Whether {@code bytes} of data in at most {@code extents} pieces can be taken now.
     *
     * @param urgent whether the reserve may be used
     */
    boolean hasRoom(int disk, long bytes, int extents, boolean urgent) {
        Slab current = open[disk];
        long bytesMissing = bytes - (current == null ? 0 : current.dataRoom());
        int extentsMissing = extents - (current == null ? 0 : Slab.EXTENTS - current.runs());
        long slabs =
                Math.max(
                        ceil(Math.max(0, bytesMissing), Slab.DATA_BYTES),
                        ceil(Math.max(0, extentsMissing), Slab.EXTENTS));
        return pool.available() - slabs >= (urgent ? 0 : reserve);
    }

    private static long ceil(long amount, int unit) {
        return (amount + unit - 1) / unit;
    }

    /** Whether half of what is not the reserve is in use. */
    boolean isHalfFull() {
        return pool.available() - reserve < (pool.capacity() - reserve) / 2;
    }

    /** Bytes of memory that are captured, or handed over and not given back. */
    long heldBytes() {
        return (long) (pool.capacity() - pool.available()) * Slab.DATA_BYTES;
    }

    /** Copies bytes of {@code payload}, whose indices stay. There must be room. */
    void write(int disk, long offset, ByteBuf payload, int from, int length) {
        for (int done = 0; done < length; ) {
            Slab slab = slab(disk);
            int bytes = Math.min(length - done, slab.dataRoom());
            int at = slab.addExtent(offset + done, bytes, Slab.Extent.DATA);
            payload.getBytes(from + done, slab.memory().slice(at, bytes));
            done += bytes;
        }
    }

    /** Notes zeroes or a trim. There must be room. */
    void mark(int disk, long offset, long length, Slab.Extent kind) {
        slab(disk).addExtent(offset, length, kind);
    }

    private Slab slab(int disk) {
        Slab current = open[disk];
        if (current != null && current.dataRoom() > 0) {
            return current;
        }
        if (current != null) {
            complete.add(current);
        }
        Slab next = pool.poll();
        if (next == null) {
            throw new IllegalStateException("a write is captured without room");
        }
        next.beginDisk(indices[disk]);
        open[disk] = next;
        return next;
    }

    /** Hands everything over; of each disk in the order of writing. */
    List<Slab> take() {
        List<Slab> all = new ArrayList<>(complete);
        complete.clear();
        for (int disk = 0; disk < open.length; disk++) {
            Slab current = open[disk];
            if (current != null) {
                all.add(current);
                open[disk] = null;
            }
        }
        return all;
    }
}
