package remus.diskbuf.mirror;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.nbd.Completion;
import remus.diskbuf.nbd.Export;
import remus.diskbuf.nbd.Extents;
import remus.diskbuf.nbd.NbdError;
import remus.domain.Slab;

/**
 * Reads a disk from its first byte to its last into a capture, while a guest writes to it. What it
 * has under way overlaps no change: else it might read what was there before a write, and hand it
 * over behind that write.
 *
 * <p>It has no thread of its own: each step begins in the thread that ended the one before. One
 * piece is under way at a time, so it goes as fast as the capture has room.
 */
final class DiskReader extends OverlapOrder.Request implements Completion {
    /** Of a hole, at a time. */
    private static final int HOLE_BYTES = 16 << 20;

    /** Of data, at a time: while it is compared the guest's writes wait. */
    private static final int DATA_BYTES = 256 << 10;

    private static final int EXTENT_BYTES = 8;

    private enum Step {
        LOOK,
        READ,
        CAPTURE
    }

    private final Export image;
    private final OverlapOrder order;
    private final WriteCapture capture;
    private final int disk;
    private final ByteBuf extent = Unpooled.buffer(EXTENT_BYTES, EXTENT_BYTES);
    private @Nullable ByteBuf data;
    private Step step = Step.LOOK;
    private long taken;
    private volatile long copiedBytes;

    DiskReader(Export image, OverlapOrder order, WriteCapture capture, int disk) {
        this.image = image;
        this.order = order;
        this.capture = capture;
        this.disk = disk;
    }

    void start() {
        next(0);
    }

    /** Bytes from the first on that the capture has. */
    long copiedBytes() {
        return copiedBytes;
    }

    private void next(long from) {
        copiedBytes = from;
        if (from < image.sizeBytes()) {
            offset = from;
            length = Math.min(HOLE_BYTES, image.sizeBytes() - from);
            order.enter(this);
        }
    }

    @Override
    void begin() {
        step = Step.LOOK;
        image.status(offset, length, new Extents(extent.clear(), length, 1), this);
    }

    @Override
    public void done() {
        switch (step) {
            case LOOK -> found(extent.getUnsignedInt(0), Extents.isHole(extent.getInt(4)));
            case READ -> {
                ByteBuf bytes = Objects.requireNonNull(data);
                data = null;
                step = Step.CAPTURE;
                capture.write(disk, offset, bytes, this);
            }
            case CAPTURE -> {
                order.leave(this);
                next(offset + taken);
            }
            default -> throw new IllegalStateException("" + step);
        }
    }

    private void found(long bytes, boolean hole) {
        if (hole) {
            step = Step.CAPTURE;
            taken = bytes;
            capture.mark(disk, offset, bytes, Slab.Extent.ZERO, this);
        } else {
            step = Step.READ;
            taken = Math.min(bytes, DATA_BYTES);
            data = PooledByteBufAllocator.DEFAULT.directBuffer((int) taken, (int) taken);
            image.read(offset, (int) taken, data, this);
        }
    }

    @Override
    public void fail(NbdError why) {
        ByteBuf bytes = data;
        data = null;
        if (bytes != null) {
            bytes.release();
        }
        if (step != Step.CAPTURE) { // else it was refused, and is broken or ended already
            capture.breakOff("export " + image.name() + " cannot be read: " + why);
        }
        order.leave(this);
    }
}
