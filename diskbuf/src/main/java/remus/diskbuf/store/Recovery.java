package remus.diskbuf.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.store.JournalRecord.Kind;

/**
 * Brings images and journal together after whatever ended the last process. Reads the whole journal
 * before it writes into an image, and may be killed and started again at any point.
 */
final class Recovery {
    private final StoreFile[] files;
    private final UUID journal;
    private final RecordReader reader;
    private final JournalWalk walk;

    Recovery(StoreFile[] files, UUID journal, RecordReader reader) {
        this.files = files;
        this.journal = journal;
        this.reader = reader;
        walk = new JournalWalk(files, journal, reader);
    }

    /**
     * Replays every committed epoch. The images are not synced.
     *
     * @param startEpoch that the journal starts after
     * @param knownEpoch that the store's standing names: at least this one must be there
     * @return the last committed epoch
     * @throws DamageException if an epoch that was durable is not there; then nothing was written
     */
    long replay(DiskImages images, long startEpoch, long knownEpoch) throws IOException {
        Mark start = start(startEpoch);
        Mark end = start;
        for (@Nullable Mark next = start;
                next != null;
                next = walk.epoch(end, (record, payload) -> checkDisk(images, record))) {
            end = next;
        }
        long durable = Math.max(knownEpoch, durableEpochAfter(end));
        if (durable > end.epoch()) {
            throw new DamageException(
                    "the journal ends after epoch "
                            + end.epoch()
                            + ", but epoch "
                            + durable
                            + " was durable");
        }
        for (Mark at = start; !at.equals(end); ) {
            @Nullable Mark next = walk.epoch(at, images::apply);
            if (next == null) {
                throw new DamageException("the journal changed while it was replayed");
            }
            at = next;
        }
        return end.epoch();
    }

    private static void checkDisk(DiskImages images, JournalRecord record) {
        images.get(record.disk());
    }

    /** The mark of the newest segment; if none was ever made ready, the journal is empty. */
    private Mark start(long startEpoch) throws IOException {
        Mark newest = Mark.start(startEpoch);
        long newestSegment = -1;
        for (StoreFile file : files) {
            @Nullable JournalRecord record = reader.head(file, 0, journal);
            if (record == null
                    || record.kind() != Kind.SEGMENT
                    || record.place().segment() <= newestSegment) {
                continue;
            }
            var payload = reader.payload(file, 0, record);
            @Nullable Mark mark = payload == null ? null : Mark.decode(payload.nioBuffer());
            if (mark != null) {
                newest = mark;
                newestSegment = record.place().segment();
            }
        }
        return newest;
    }

    /**
     * The newest epoch that any record behind {@code end} knows to be durable. Epochs start on
     * pages, so that looking at pages finds the first record of each.
     */
    private long durableEpochAfter(Mark end) throws IOException {
        long durable = 0;
        for (StoreFile file : files) {
            long size = file.size();
            for (long at = 0; at < size; ) {
                ByteBuffer pages = reader.memory();
                pages.limit(pages.limit() / JournalRecord.PAGE_BYTES * JournalRecord.PAGE_BYTES);
                int read = file.read(at, pages);
                if (read <= 0) {
                    break;
                }
                for (int page = 0;
                        page + JournalRecord.BYTES <= read;
                        page += JournalRecord.PAGE_BYTES) {
                    @Nullable JournalRecord record = JournalRecord.decode(pages, page, journal);
                    if (record != null && isAfter(end, record, at + page)) {
                        durable = Math.max(durable, record.durableEpoch());
                    }
                }
                at += read;
            }
        }
        return durable;
    }

    private static boolean isAfter(Mark end, JournalRecord record, long offset) {
        long segment = record.place().segment();
        return segment > end.segment() || (segment == end.segment() && offset >= end.offset());
    }
}
