package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.store.JournalRecord.Kind;

/** Walks through the epochs of a journal in their order. Not thread-safe. */
final class JournalWalk {
    /** Sees the writes of an epoch. */
    interface Visitor {
        /** One record; the payload is only good until this returns. */
        void writes(JournalRecord record, ByteBuf payload) throws IOException;
    }

    private final StoreFile[] files;
    private final UUID journal;
    private final RecordReader reader;

    JournalWalk(StoreFile[] files, UUID journal, RecordReader reader) {
        this.files = files;
        this.journal = journal;
        this.reader = reader;
    }

    private StoreFile file(long segment) {
        return files[(int) (segment % files.length)];
    }

    /**
     * Shows the writes of the epoch that starts at {@code from}. It may turn out only at its end
     * that the epoch is not whole.
     *
     * @return where it ends, or null if it is not whole
     */
    @Nullable Mark epoch(Mark from, Visitor visitor) throws IOException {
        long segment = from.segment();
        long offset = from.offset();
        long attempt = -1;
        for (long serial = from.serial(); ; serial++) {
            // what does not fit into a segment is the first of the next; of two that could start
            // the epoch, the one of the earlier attempt was dropped
            @Nullable JournalRecord record = head(segment, offset, serial, attempt);
            @Nullable JournalRecord next =
                    record == null || attempt < 0
                            ? head(segment + 1, JournalRecord.PAGE_BYTES, serial, attempt)
                            : null;
            if (next != null && (record == null || attempt(next) > attempt(record))) {
                record = next;
                segment++;
                offset = JournalRecord.PAGE_BYTES;
            }
            if (record == null || attempt(record) <= from.attempt()) {
                return null;
            }
            attempt = attempt(record);
            long end = offset + JournalRecord.BYTES + record.payloadBytes();
            if (record.kind() == Kind.COMMIT) {
                return new Mark(
                        segment, JournalRecord.pageUp(end), serial + 1, attempt, record.epoch());
            }
            @Nullable ByteBuf payload = reader.payload(file(segment), offset, record);
            if (payload == null) {
                return null;
            }
            visitor.writes(record, payload);
            offset = end;
        }
    }

    private static long attempt(JournalRecord record) {
        return record.place().attempt();
    }

    /** The record at a place, if it has this serial and, unless that is negative, this attempt. */
    private @Nullable JournalRecord head(long segment, long offset, long serial, long attempt)
            throws IOException {
        JournalRecord record = reader.head(file(segment), offset, journal);
        return record != null
                        && record.kind() != Kind.SEGMENT
                        && record.place().segment() == segment
                        && record.place().serial() == serial
                        && (attempt < 0 || attempt(record) == attempt)
                ? record
                : null;
    }
}
