package remus.protocol;

import io.netty.buffer.ByteBuf;
import remus.protocol.wire.Digests;
import remus.protocol.wire.DiskWrites;

/**
 * Reads the payload of a {@link FrameType#DISK_WRITES} frame.
 *
 * <pre>
 *   | extent 0 | extent 1 | ... | data of extent 0 | data of extent 1 | ...
 *   extent = first byte on the disk (u64) | length in bytes (u32) | kind (u32)
 * </pre>
 *
 * <p>Extents of the kinds {@link #ZERO} and {@link #TRIM} have no bytes in the payload. They apply
 * in their order: a later extent may overwrite an earlier one.
 */
public final class DiskPayload {
    /** Bytes of an extent in the table. */
    public static final int EXTENT_BYTES = 16;

    /** Extents that one frame may have. */
    public static final int MAX_EXTENTS = 128;

    /** Bytes of a chunk's digest: SHA-256, its first half. */
    public static final int DIGEST_BYTES = 16;

    /** Kind: bytes that were written. */
    public static final int DATA = 0;

    /** Kind: zeroes were written; the space stays allocated. */
    public static final int ZERO = 1;

    /** Kind: the bytes are of no use any more and read as zeroes; the space may be given back. */
    public static final int TRIM = 2;

    private DiskPayload() {}

    /**
     * Checks that table and payload agree: every extent has bytes and a known kind, none goes past
     * 2^63, and the bytes of all data extents are there, no more and no less. Whether they lie
     * within the disk is for the receiver to check, who knows the disk.
     *
     * @throws ProtocolException if they do not agree
     */
    public static void validate(DiskWrites header, ByteBuf payload) {
        long extents = Integer.toUnsignedLong(header.getExtentCount());
        if (extents < 1 || extents > MAX_EXTENTS) {
            throw new ProtocolException(
                    "extent count: " + extents + " (expected: 1 to " + MAX_EXTENTS + ")");
        }
        long dataBytes = extents * EXTENT_BYTES;
        if (payload.readableBytes() < dataBytes) {
            throw wrongLength(payload, dataBytes, "at least ");
        }
        for (int extent = 0; extent < extents; extent++) {
            long length = length(payload, extent);
            if (length == 0 || offset(payload, extent) < 0 || end(payload, extent) < 0) {
                throw new ProtocolException(
                        "extent "
                                + extent
                                + ": "
                                + length
                                + " bytes from "
                                + Long.toUnsignedString(offset(payload, extent))
                                + " (expected: at least 1 byte, below 2^63)");
            }
            int kind = kind(payload, extent);
            if (kind < DATA || kind > TRIM) {
                throw new ProtocolException(
                        "kind of extent " + extent + ": " + kind + " (expected: 0 to 2)");
            }
            dataBytes += kind == DATA ? length : 0;
        }
        if (payload.readableBytes() != dataBytes) {
            throw wrongLength(payload, dataBytes, "");
        }
    }

    /**
     * Checks that a frame of digests holds what its header announces.
     *
     * @throws ProtocolException if it does not
     */
    public static void validate(Digests header, ByteBuf payload) {
        long bytes = Integer.toUnsignedLong(header.getDigestCount()) * DIGEST_BYTES;
        if (payload.readableBytes() != bytes) {
            throw wrongLength(payload, bytes, "");
        }
    }

    private static ProtocolException wrongLength(ByteBuf payload, long expected, String how) {
        return new ProtocolException(
                "payload length: "
                        + payload.readableBytes()
                        + " (expected: "
                        + how
                        + expected
                        + ")");
    }

    /** First byte of extent {@code extent} on the disk. */
    public static long offset(ByteBuf payload, int extent) {
        return payload.getLong(at(payload, extent));
    }

    /** Bytes of extent {@code extent}, up to 2^32 - 1. */
    public static long length(ByteBuf payload, int extent) {
        return payload.getUnsignedInt(at(payload, extent) + 8);
    }

    /** First byte after extent {@code extent} on the disk. */
    public static long end(ByteBuf payload, int extent) {
        return offset(payload, extent) + length(payload, extent);
    }

    /** What extent {@code extent} is: {@link #DATA}, {@link #ZERO} or {@link #TRIM}. */
    public static int kind(ByteBuf payload, int extent) {
        return payload.getInt(at(payload, extent) + 12);
    }

    private static int at(ByteBuf payload, int extent) {
        return payload.readerIndex() + extent * EXTENT_BYTES;
    }
}
