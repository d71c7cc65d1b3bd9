package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import remus.protocol.DiskPayload;

/**
 * What a store asks of the payload of a DISK_WRITES frame ({@link DiskPayload}), and how long one
 * may be: the journal keeps them as they are.
 */
public final class DiskExtents {
    /** Bytes of data that one frame may have. */
    public static final int MAX_DATA_BYTES = 1 << 20;

    /** The longest payload. */
    public static final int MAX_PAYLOAD_BYTES =
            DiskPayload.MAX_EXTENTS * DiskPayload.EXTENT_BYTES + MAX_DATA_BYTES;

    private DiskExtents() {}

    /**
     * Checks that table, data and disk agree.
     *
     * @throws IllegalArgumentException if they do not, with actual and expected
     */
    public static void check(ByteBuf payload, int extents, long diskBytes) {
        if (extents < 1 || extents > DiskPayload.MAX_EXTENTS) {
            throw wrong("extents: " + extents, "1 to " + DiskPayload.MAX_EXTENTS);
        }
        int present = payload.readableBytes() - extents * DiskPayload.EXTENT_BYTES;
        if (present < 0 || present > MAX_DATA_BYTES) {
            throw wrong(
                    "payload of " + extents + " extents: " + payload.readableBytes() + " bytes",
                    "a table of 16 each and at most " + MAX_DATA_BYTES + " bytes of data");
        }
        long data = 0;
        for (int extent = 0; extent < extents; extent++) {
            long offset = DiskPayload.offset(payload, extent);
            long length = DiskPayload.length(payload, extent);
            if (length == 0 || offset < 0 || offset > diskBytes - length) {
                throw wrong(
                        "extent "
                                + extent
                                + ": "
                                + length
                                + " bytes from "
                                + Long.toUnsignedString(offset),
                        "at least 1 byte within the " + diskBytes + " of the disk");
            }
            int kind = DiskPayload.kind(payload, extent);
            if (kind < DiskPayload.DATA || kind > DiskPayload.TRIM) {
                throw wrong("kind of extent " + extent + ": " + kind, "0 to 2");
            }
            data += kind == DiskPayload.DATA ? length : 0;
        }
        if (data != present) {
            throw wrong("data: " + present + " bytes", data + " bytes of the data extents");
        }
    }

    private static IllegalArgumentException wrong(String actual, String expected) {
        return new IllegalArgumentException(actual + " (expected: " + expected + ")");
    }
}
