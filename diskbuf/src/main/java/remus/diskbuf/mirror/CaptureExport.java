package remus.diskbuf.mirror;

import io.netty.buffer.ByteBuf;
import remus.diskbuf.nbd.Completion;
import remus.diskbuf.nbd.Export;
import remus.diskbuf.nbd.Extents;
import remus.diskbuf.nbd.NbdError;
import remus.domain.Slab;

/**
 * What QEMU mirrors one disk to: takes writes, and nothing can be read. A flush needs nothing, as
 * what was written counts only when its epoch is committed; it tells that the stop is complete.
 */
final class CaptureExport implements Export {
    /**
     * Larger writes come in parts: QEMU has 16 requests under way, and each may have to be taken at
     * once.
     */
    static final int MAX_REQUEST_BYTES = 1 << 20;

    private final WriteCapture capture;
    private final int disk;
    private final String name;
    private final long bytes;
    private volatile long flushes;

    /**
     * @param disk its place among those of the capture
     * @param name that no other life of an agent used
     */
    CaptureExport(WriteCapture capture, int disk, String name, long bytes) {
        this.capture = capture;
        this.disk = disk;
        this.name = name;
        this.bytes = bytes;
    }

    /** How many flushes came. */
    long flushes() {
        return flushes;
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
    public int maxRequestBytes() {
        return MAX_REQUEST_BYTES;
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public boolean isMultiConn() {
        return false;
    }

    @Override
    public void read(long offset, int length, ByteBuf into, Completion done) {
        done.fail(NbdError.ENOTSUP);
    }

    @Override
    public void write(long offset, ByteBuf payload, boolean durable, Completion done) {
        capture.write(disk, offset, payload, done);
    }

    @Override
    public void zero(
            long offset,
            long length,
            boolean mayPunch,
            boolean fast,
            boolean durable,
            Completion done) {
        capture.mark(disk, offset, length, Slab.Extent.ZERO, done);
    }

    @Override
    public void trim(long offset, long length, boolean durable, Completion done) {
        capture.mark(disk, offset, length, Slab.Extent.TRIM, done);
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // one I/O thread
    public void flush(Completion done) {
        flushes++;
        done.done();
    }

    @Override
    public void cache(long offset, long length, Completion done) {
        done.done();
    }

    @Override
    public void status(long offset, long length, Extents found, Completion done) {
        found.add(length, false);
        done.done();
    }

    @Override
    public void close() {}
}
