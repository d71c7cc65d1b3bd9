package remus.diskbuf.nbd;

import io.netty.buffer.ByteBuf;

/**
 * Where a range holds data and where it is a hole that reads as zeros; written into the reply as it
 * is found.
 */
public final class Extents {
    /** A reply has at most so many; the client asks again for what follows them. */
    static final int MAX_EXTENTS = 2048;

    static final int EXTENT_BYTES = 8;

    /** Both bits of base:allocation: NBD_STATE_HOLE and NBD_STATE_ZERO. */
    private static final int HOLE_AND_ZERO = 3;

    private final ByteBuf out;
    private final int maxExtents;
    private long missing;
    private int extents;
    private long lastLength;
    private boolean lastHole;

    /** Whether the flags of an extent say that it is a hole. */
    public static boolean isHole(int flags) {
        return flags == HOLE_AND_ZERO;
    }

    /**
     * Extents of the next {@code length} bytes, at most {@code maxExtents}, each written as its
     * length and its flags, in 4 bytes each.
     */
    public Extents(ByteBuf out, long length, int maxExtents) {
        this.out = out;
        this.maxExtents = maxExtents;
        missing = length;
    }

    /**
     * The next {@code length} bytes are a hole, or data; what lies beyond the range is cut off.
     *
     * @return whether more is wanted
     */
    public boolean add(long length, boolean hole) {
        long bytes = Math.min(length, missing);
        if (bytes <= 0) {
            return missing > 0;
        }
        if (extents > 0 && hole == lastHole) {
            lastLength += bytes;
            out.setInt(out.writerIndex() - EXTENT_BYTES, (int) lastLength);
        } else if (extents == maxExtents) {
            missing = 0;
            return false;
        } else {
            out.writeInt((int) bytes).writeInt(hole ? HOLE_AND_ZERO : 0);
            extents++;
            lastLength = bytes;
            lastHole = hole;
        }
        missing -= bytes;
        return missing > 0;
    }

    boolean isEmpty() {
        return extents == 0;
    }
}
