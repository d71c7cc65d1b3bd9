package remus.diskbuf.nbd;

import com.sun.jna.Pointer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.concurrent.atomic.AtomicLongArray;
import remus.domain.DomainException;
import remus.domain.linux.Errno;

/**
 * A disk in memory, off the heap, which takes room only where it was written. Everything is done on
 * the caller's thread. It is gone when it is closed.
 *
 * <p>What was written is kept by chunks, one bit each. A writer sets the bit after it copied; who
 * gives chunks back clears the bit first and drops the memory then. So whatever races, a chunk
 * without its bit reads as zeros.
 */
public final class MemoryExport implements Export {
    /** What one bit stands for. */
    static final int CHUNK_BYTES = 1 << 16;

    /** Larger than that, a buffer cannot be; no window is cut in the middle of a chunk. */
    private static final int WINDOW_BYTES = 1 << 30;

    private final String name;
    private final long bytes;
    private final long address;
    private final ByteBuf[] windows;
    private final AtomicLongArray written;

    /**
     * @param name as clients ask for it
     * @param bytes of the disk, at least 1
     * @throws DomainException {@code out-of-memory}
     */
    public MemoryExport(String name, long bytes) {
        this.name = name;
        this.bytes = bytes;
        address =
                SparseMemoryLibrary.mmap(
                        0,
                        bytes,
                        SparseMemoryLibrary.READ_WRITE,
                        SparseMemoryLibrary.SPARSE,
                        -1,
                        0);
        if (address == -1) {
            throw new DomainException(
                    "out-of-memory",
                    Errno.describe("a disk of " + bytes + " bytes in memory", Errno.last()),
                    "make it smaller");
        }
        windows = new ByteBuf[Math.toIntExact((bytes + WINDOW_BYTES - 1) / WINDOW_BYTES)];
        for (int i = 0; i < windows.length; i++) {
            long start = (long) i * WINDOW_BYTES;
            windows[i] =
                    Unpooled.wrappedBuffer(
                            new Pointer(address)
                                    .getByteBuffer(start, Math.min(WINDOW_BYTES, bytes - start)));
        }
        long chunks = (bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
        written = new AtomicLongArray(Math.toIntExact((chunks + Long.SIZE - 1) / Long.SIZE));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long sizeBytes() {
        return bytes;
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public boolean isMultiConn() {
        return true; // there is no cache in front of it
    }

    @Override
    public void read(long offset, int length, ByteBuf into, Completion done) {
        long at = offset;
        int missing = length;
        while (missing > 0) {
            int start = (int) (at % WINDOW_BYTES);
            int piece = Math.min(missing, WINDOW_BYTES - start);
            into.writeBytes(window(at), start, piece);
            at += piece;
            missing -= piece;
        }
        done.done();
    }

    @Override
    public void write(long offset, ByteBuf payload, boolean durable, Completion done) {
        long at = offset;
        int length = payload.readableBytes();
        while (payload.isReadable()) {
            int start = (int) (at % WINDOW_BYTES);
            int piece = Math.min(payload.readableBytes(), WINDOW_BYTES - start);
            window(at).setBytes(start, payload, payload.readerIndex(), piece);
            payload.skipBytes(piece);
            at += piece;
        }
        payload.release();
        mark(offset, length);
        done.done();
    }

    @Override
    public void zero(
            long offset,
            long length,
            boolean mayPunch,
            boolean fast,
            boolean durable,
            Completion done) {
        long end = offset + length;
        long first = Math.min(end, roundUp(offset));
        long last = Math.max(first, end == bytes ? end : end - end % CHUNK_BYTES);
        fillZero(offset, first);
        drop(first, last);
        fillZero(last, end);
        if (!mayPunch) {
            mark(offset, length);
        }
        done.done();
    }

    @Override
    public void trim(long offset, long length, boolean durable, Completion done) {
        long end = offset + length;
        drop(roundUp(offset), end == bytes ? end : end - end % CHUNK_BYTES);
        done.done();
    }

    @Override
    public void flush(Completion done) {
        done.done();
    }

    @Override
    public void cache(long offset, long length, Completion done) {
        done.done();
    }

    @Override
    public void status(long offset, long length, Extents found, Completion done) {
        long end = offset + length;
        long at = offset;
        while (at < end) {
            long chunk = at / CHUNK_BYTES;
            long next = (chunk + 1) * CHUNK_BYTES;
            if (!found.add(Math.min(next, end) - at, !isWritten(chunk))) {
                break;
            }
            at = next;
        }
        done.done();
    }

    private ByteBuf window(long offset) {
        return windows[(int) (offset / WINDOW_BYTES)];
    }

    private static long roundUp(long offset) {
        return (offset + CHUNK_BYTES - 1) / CHUNK_BYTES * CHUNK_BYTES;
    }

    /** A part of one chunk; what was never written is zero already. */
    private void fillZero(long from, long to) {
        if (from < to && isWritten(from / CHUNK_BYTES)) {
            window(from).setZero((int) (from % WINDOW_BYTES), (int) (to - from));
        }
    }

    /** Gives whole chunks back; the last one of the disk may be short. */
    private void drop(long from, long to) {
        if (from >= to) {
            return;
        }
        for (long chunk = from / CHUNK_BYTES; chunk * CHUNK_BYTES < to; chunk++) {
            clear(chunk);
        }
        if (SparseMemoryLibrary.madvise(
                        address + from, to - from, SparseMemoryLibrary.MADV_DONTNEED)
                != 0) {
            throw new IllegalStateException(Errno.describe("madvise", Errno.last()));
        }
    }

    private boolean isWritten(long chunk) {
        return (written.get((int) (chunk / Long.SIZE)) & 1L << chunk) != 0;
    }

    private void mark(long offset, long length) {
        long last = (offset + length - 1) / CHUNK_BYTES;
        for (long chunk = offset / CHUNK_BYTES; chunk <= last; chunk++) {
            int word = (int) (chunk / Long.SIZE);
            long bit = 1L << chunk;
            long seen = written.get(word);
            while ((seen & bit) == 0 && !written.compareAndSet(word, seen, seen | bit)) {
                seen = written.get(word);
            }
        }
    }

    private void clear(long chunk) {
        int word = (int) (chunk / Long.SIZE);
        long bit = 1L << chunk;
        long seen = written.get(word);
        while ((seen & bit) != 0 && !written.compareAndSet(word, seen, seen & ~bit)) {
            seen = written.get(word);
        }
    }

    @Override
    public void close() {
        SparseMemoryLibrary.munmap(address, bytes);
    }
}
