package remus.diskbuf.mirror;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.nbd.Completion;
import remus.diskbuf.nbd.Export;
import remus.diskbuf.nbd.Extents;
import remus.diskbuf.nbd.NbdError;
import remus.domain.DomainException;
import remus.domain.Slab;

/**
 * An export that is a guest's disk from its boot on: another one, to which every change is written
 * through. While a {@link WriteCapture} is given, a change is captured first, then made, then
 * answered. One that the capture refuses is made all the same: the guest hears of no error that its
 * disk did not have.
 *
 * <p>Changes that overlap are captured and made in the same order ({@link OverlapOrder}), so that
 * the disk and its copy end alike. {@link DiskReader} reads in that order too.
 */
public final class ServedDisk implements Export {
    private final Export image;
    private final OverlapOrder order = new OverlapOrder();
    private final ArrayDeque<Change> free = new ArrayDeque<>();
    private final AtomicLong changes = new AtomicLong();
    private volatile long flushedChanges = -1; // what an earlier life wrote may not be on storage
    private volatile long flushes;
    private volatile @Nullable Tap tap;

    /** Where changes are captured. */
    private record Tap(WriteCapture capture, int disk) {}

    /**
     * @param image what it stands on; answers later, never within a call; closed with this
     */
    public ServedDisk(Export image) {
        this.image = image;
    }

    /**
     * Captures every change that comes from now on, and reads the disk through the same capture.
     *
     * @param disk its place among those of the capture
     * @throws DomainException {@code export-captured}
     */
    synchronized DiskReader capture(WriteCapture capture, int disk) {
        if (tap != null) {
            throw new DomainException(
                    "export-captured",
                    "export " + name() + " is the disk of a domain that is protected already",
                    "give each VM an export of its own");
        }
        tap = new Tap(capture, disk);
        DiskReader reader = new DiskReader(image, order, capture, disk);
        reader.start();
        return reader;
    }

    /** Changes are not captured any more, if it was by this one. */
    synchronized void release(WriteCapture capture) {
        Tap current = tap;
        if (current != null && current.capture == capture) {
            tap = null;
        }
    }

    /** How many flushes came. */
    long flushes() {
        return flushes;
    }

    /** One request that changes the disk; used again for a later one. */
    private final class Change extends OverlapOrder.Request implements Completion {
        private Slab.Extent kind = Slab.Extent.DATA;
        private @Nullable ByteBuf payload;
        private boolean mayPunch;
        private boolean fast;
        private boolean durable;
        private boolean making;
        private Completion answer = this;

        @Override
        void begin() {
            making = false;
            Tap to = tap; // whoever gave it reads the disk only when this has left
            ByteBuf bytes = payload;
            if (to == null) {
                make();
            } else if (fast) {
                leave(NbdError.ENOTSUP); // captured it could not be taken back
            } else if (bytes == null) {
                to.capture.mark(to.disk, offset, length, kind, this);
            } else {
                to.capture.write(to.disk, offset, bytes.retain(), this);
            }
        }

        private void make() {
            making = true;
            ByteBuf bytes = payload;
            if (bytes != null) {
                payload = null;
                image.write(offset, bytes, durable, this);
            } else if (kind == Slab.Extent.ZERO) {
                image.zero(offset, length, mayPunch, fast, durable, this);
            } else {
                image.trim(offset, length, durable, this);
            }
        }

        @Override
        public void done() {
            if (making) {
                leave(null);
            } else {
                make();
            }
        }

        @Override
        public void fail(NbdError why) {
            if (making) {
                leave(why);
            } else {
                make(); // not captured: the capture knows that it is broken, or was ended
            }
        }

        private void leave(@Nullable NbdError error) {
            changes.incrementAndGet();
            final Completion answers = answer;
            order.leave(this);
            synchronized (free) {
                free.push(this);
            }
            if (error == null) {
                answers.done();
            } else {
                answers.fail(error);
            }
        }
    }

    private Change change(Slab.Extent kind, long offset, long length, Completion done) {
        Change change;
        synchronized (free) {
            change = free.isEmpty() ? new Change() : free.pop();
        }
        change.kind = kind;
        change.offset = offset;
        change.length = length;
        change.answer = done;
        return change;
    }

    @Override
    public String name() {
        return image.name();
    }

    @Override
    public long sizeBytes() {
        return image.sizeBytes();
    }

    /** As {@link CaptureExport}: what is under way at a suspend has to fit the reserve. */
    @Override
    public int maxRequestBytes() {
        return CaptureExport.MAX_REQUEST_BYTES;
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public boolean isMultiConn() {
        return image.isMultiConn();
    }

    @Override
    public void read(long offset, int length, ByteBuf into, Completion done) {
        image.read(offset, length, into, done);
    }

    @Override
    public void write(long offset, ByteBuf payload, boolean durable, Completion done) {
        int length = payload.readableBytes();
        if (length > maxRequestBytes()) {
            payload.release();
            done.fail(NbdError.EINVAL); // it was told
            return;
        }
        Change change = change(Slab.Extent.DATA, offset, length, done);
        change.payload = payload;
        change.fast = false;
        change.durable = durable;
        order.enter(change);
    }

    @Override
    public void zero(
            long offset,
            long length,
            boolean mayPunch,
            boolean fast,
            boolean durable,
            Completion done) {
        Change change = change(Slab.Extent.ZERO, offset, length, done);
        change.mayPunch = mayPunch;
        change.fast = fast;
        change.durable = durable;
        order.enter(change);
    }

    @Override
    public void trim(long offset, long length, boolean durable, Completion done) {
        Change change = change(Slab.Extent.TRIM, offset, length, done);
        change.fast = false;
        change.durable = durable;
        order.enter(change);
    }

    /** QEMU flushes at every stop; what nothing was written after is on stable storage already. */
    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // one I/O thread
    public void flush(Completion done) {
        flushes++;
        long made = changes.get();
        if (made == flushedChanges) {
            done.done();
            return;
        }
        image.flush(
                new Completion() {
                    @Override
                    public void done() {
                        flushedChanges = made;
                        done.done();
                    }

                    @Override
                    public void fail(NbdError why) {
                        done.fail(why);
                    }
                });
    }

    @Override
    public void cache(long offset, long length, Completion done) {
        image.cache(offset, length, done);
    }

    @Override
    public void status(long offset, long length, Extents found, Completion done) {
        image.status(offset, length, found, done);
    }

    @Override
    public void close() {
        image.close();
    }
}
