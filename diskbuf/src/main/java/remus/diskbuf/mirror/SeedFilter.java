package remus.diskbuf.mirror;

import io.netty.buffer.ByteBuf;
import java.util.BitSet;
import remus.diskbuf.ChunkDigests;

/**
 * Finds out, while a disk is copied, what need not be sent because the other side holds it already.
 * That is known of a chunk only as long as nothing of it was sent.
 */
final class SeedFilter {
    private final ChunkDigests there;
    private final BitSet sent = new BitSet();

    SeedFilter(ChunkDigests there) {
        this.there = there;
    }

    /** Where the ranges go that have to be sent. */
    interface Ranges {
        /** Bytes {@code offset} to {@code offset + length} of the disk differ, or may. */
        void differs(long offset, long length);
    }

    /** These bytes are sent without being compared. */
    void sent(long offset, long length) {
        long last = (offset + length - 1) / there.chunkBytes();
        sent.set((int) (offset / there.chunkBytes()), (int) last + 1);
    }

    /** The most ranges that one write of {@code length} bytes may fall into. */
    int mostRanges(long length) {
        return (int) Math.min(Integer.MAX_VALUE, length / there.chunkBytes() / 2 + 2);
    }

    /** Tells which ranges of these bytes have to be sent, in order; neighbours are joined. */
    void data(long offset, ByteBuf bytes, Ranges ranges) {
        int base = bytes.readerIndex();
        each(
                offset,
                bytes.readableBytes(),
                (chunk, at, length) ->
                        there.isSame(chunk, bytes.nioBuffer(base + (int) (at - offset), length)),
                ranges);
    }

    /** As above, for zeroes. */
    void zeroes(long offset, long length, Ranges ranges) {
        each(offset, length, (chunk, at, bytes) -> there.isZero(chunk), ranges);
    }

    private interface Same {
        boolean isSame(int chunk, long at, int length);
    }

    private void each(long offset, long length, Same same, Ranges ranges) {
        long end = offset + length;
        long from = -1;
        for (long at = offset; at < end; ) {
            int chunk = (int) (at / there.chunkBytes());
            long chunkStart = (long) chunk * there.chunkBytes();
            long next = Math.min(end, chunkStart + there.length(chunk));
            boolean whole = at == chunkStart && next == chunkStart + there.length(chunk);
            if (whole && !sent.get(chunk) && same.isSame(chunk, at, (int) (next - at))) {
                if (from >= 0) {
                    ranges.differs(from, at - from);
                }
                from = -1;
            } else {
                sent.set(chunk);
                from = from < 0 ? at : from;
            }
            at = next;
        }
        if (from >= 0) {
            ranges.differs(from, end - from);
        }
    }
}
