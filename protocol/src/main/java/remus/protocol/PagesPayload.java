package remus.protocol;

import io.netty.buffer.ByteBuf;
import remus.protocol.wire.Pages;

/**
 * Reads the payload of a {@link FrameType#PAGES} frame.
 *
 * <pre>
 *   | run 0 | run 1 | ... | pages of run 0 | pages of run 1 | ... |      4096 bytes a page
 *   run = first page of the region (u32) | count (u32; bit 31 set: all-zero pages, no bytes)
 * </pre>
 */
public final class PagesPayload {
    /** Bytes of a guest page. */
    public static final int PAGE_BYTES = 4096;

    /** Bytes of a run in the table. */
    public static final int RUN_BYTES = 8;

    /** Runs that one frame may have. */
    public static final int MAX_RUNS = 256;

    private static final int ZERO_RUN = 1 << 31;
    private static final long PAGE_NUMBERS = 1L << 32;

    private PagesPayload() {}

    /**
     * Checks that table and payload agree: after it every run has pages, none goes past page 2^32,
     * and the bytes of all raw runs are there, no more and no less. Whether the pages exist in the
     * region is for the receiver to check, who knows the region.
     *
     * @throws ProtocolException if they do not agree
     */
    public static void validate(Pages header, ByteBuf payload) {
        long runs = Integer.toUnsignedLong(header.getRunCount());
        if (runs > MAX_RUNS) {
            throw new ProtocolException("run count: " + runs + " (expected: <= " + MAX_RUNS + ")");
        }
        int payloadBytes = payload.readableBytes();
        if (payloadBytes < runs * RUN_BYTES) {
            throw new ProtocolException(
                    "payload length: "
                            + payloadBytes
                            + " (expected: >= "
                            + runs * RUN_BYTES
                            + " for the table of "
                            + runs
                            + " runs)");
        }
        long rawPages = 0;
        for (int run = 0; run < runs; run++) {
            int pages = pages(payload, run);
            if (pages < 1) {
                throw new ProtocolException("pages of run " + run + ": 0 (expected: >= 1)");
            }
            if (firstPage(payload, run) + pages > PAGE_NUMBERS) {
                throw new ProtocolException(
                        "end of run "
                                + run
                                + ": "
                                + (firstPage(payload, run) + pages)
                                + " (expected: <= "
                                + PAGE_NUMBERS
                                + ")");
            }
            rawPages += isZero(payload, run) ? 0 : pages;
        }
        long expectedBytes = runs * RUN_BYTES + rawPages * PAGE_BYTES;
        if (payloadBytes != expectedBytes) {
            throw new ProtocolException(
                    "payload length: "
                            + payloadBytes
                            + " (expected: "
                            + expectedBytes
                            + " for "
                            + runs
                            + " runs with "
                            + rawPages
                            + " pages)");
        }
    }

    /** First page of run {@code run}, counted from the start of the region. */
    public static long firstPage(ByteBuf payload, int run) {
        return payload.getUnsignedInt(payload.readerIndex() + run * RUN_BYTES);
    }

    /** Pages of run {@code run}. */
    public static int pages(ByteBuf payload, int run) {
        return count(payload, run) & ~ZERO_RUN;
    }

    /** Whether run {@code run} is of all-zero pages, which have no bytes in the payload. */
    public static boolean isZero(ByteBuf payload, int run) {
        return (count(payload, run) & ZERO_RUN) != 0;
    }

    /** Offset of the first page's bytes from the start of the payload. */
    public static int pagesOffset(Pages header) {
        return header.getRunCount() * RUN_BYTES;
    }

    private static int count(ByteBuf payload, int run) {
        return payload.getInt(payload.readerIndex() + run * RUN_BYTES + 4);
    }
}
