package remus.diskbuf.store;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A border between two epochs in the journal.
 *
 * <pre>
 *   0  use of the segment (u64)   8  offset in it (u64)   16  serial of the next record (u64)
 *  24  attempt of the last epoch (u64)   32  last epoch before (u64)
 * </pre>
 */
record Mark(long segment, long offset, long serial, long attempt, long epoch) {
    /** Bytes on disk. */
    static final int BYTES = 40;

    /** The start of an empty journal whose images are at the end of {@code epoch}. */
    static Mark start(long epoch) {
        return new Mark(0, JournalRecord.PAGE_BYTES, 0, 0, epoch);
    }

    void encode(ByteBuffer target) {
        target.putLong(segment).putLong(offset).putLong(serial).putLong(attempt).putLong(epoch);
    }

    static @Nullable Mark decode(ByteBuffer source) {
        if (source.remaining() != BYTES) {
            return null;
        }
        return new Mark(
                source.getLong(),
                source.getLong(),
                source.getLong(),
                source.getLong(),
                source.getLong());
    }
}
