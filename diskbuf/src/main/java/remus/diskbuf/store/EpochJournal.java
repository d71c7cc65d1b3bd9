package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import remus.diskbuf.store.JournalRecord.Kind;
import remus.diskbuf.store.JournalRecord.Place;
import remus.domain.DomainException;

/**
 * The writing end of the journal: four preallocated segments, used in turn.
 *
 * <p>One thread appends and commits. The applier tells how far the images are, and makes segments
 * ready for their next use. What both touch is guarded by this object.
 */
final class EpochJournal {
    static final int SEGMENTS = 4;

    private final StoreFile[] files;
    private final long segmentBytes;
    private final ByteBuffer head = ByteBuffer.allocateDirect(JournalRecord.BYTES);
    private final ByteBuffer firstPage = ByteBuffer.allocateDirect(JournalRecord.PAGE_BYTES);
    private final boolean[] unsynced = new boolean[SEGMENTS];

    private UUID id = new UUID(0, 0);

    // the writer's
    private long segment;
    private long offset;
    private long serial;
    private long attempt;
    private boolean broken;

    private Mark committed = Mark.start(0);
    private Mark checkpoint = Mark.start(0);
    private long durableEpoch;
    private long lastReadySegment = SEGMENTS - 1; // none is to be made ready before a reset

    EpochJournal(StoreFile[] files, long segmentBytes) {
        this.files = files;
        this.segmentBytes = segmentBytes;
    }

    /** Forgets everything and starts anew under another id, after {@code epoch}. */
    void reset(UUID newId, long epoch) throws IOException {
        synchronized (this) {
            id = newId;
            committed = Mark.start(epoch);
            checkpoint = committed;
            durableEpoch = epoch;
            lastReadySegment = -1;
            rewind();
        }
        while (makeSegmentReady()) {
            // all four
        }
    }

    private void rewind() {
        segment = committed.segment();
        offset = committed.offset();
        serial = committed.serial();
        attempt = Math.max(attempt, committed.attempt()) + 1;
        broken = false;
    }

    UUID id() {
        return id;
    }

    StoreFile[] files() {
        return files;
    }

    /** Whether records were appended since the last commit or drop. */
    boolean hasUncommitted() {
        return serial != committed.serial();
    }

    synchronized Mark committed() {
        return committed;
    }

    /** The last epoch that a record says to be committed and that survives power loss. */
    synchronized long durableEpoch() {
        return durableEpoch;
    }

    /**
     * Appends a record of writes.
     *
     * @throws DomainException {@code journal-full} if the applier must make room first, {@code
     *     epoch-too-large} if it cannot; then nothing has happened
     */
    void append(long epoch, int disk, int extents, ByteBuf payload) throws IOException {
        int bytes = payload.readableBytes();
        ByteBuffer[] pieces = payload.nioBuffers();
        int crc = JournalRecord.crc(pieces);
        long at = segment;
        long start = offset;
        // a commit must always fit behind
        if (start + JournalRecord.BYTES * 2L + bytes > segmentBytes) {
            at++;
            start = JournalRecord.PAGE_BYTES;
            checkRoom(at, start + JournalRecord.BYTES * 2L + bytes);
        }
        writeRecord(at, start, new Head(Kind.WRITES, disk, epoch, extents, bytes, crc), pieces);
        segment = at;
        offset = start + JournalRecord.BYTES + bytes;
        serial++;
    }

    private record Head(Kind kind, int disk, long epoch, int extents, int bytes, int crc) {}

    private void writeRecord(long at, long start, Head what, ByteBuffer... pieces)
            throws IOException {
        head.clear();
        new JournalRecord(
                        what.kind,
                        what.disk,
                        new Place(at, serial, attempt),
                        what.epoch,
                        durableEpoch(),
                        what.extents,
                        what.bytes,
                        what.crc)
                .encode(head, id);
        ByteBuffer[] sources = new ByteBuffer[pieces.length + 1];
        sources[0] = head.flip();
        System.arraycopy(pieces, 0, sources, 1, pieces.length);
        if (broken) {
            throw new IllegalStateException("a write failed: drop the epoch");
        }
        broken = true;
        try {
            files[file(at)].write(start, sources);
            broken = false;
        } finally {
            // only now: a sync on the applier's thread may have come between
            synchronized (this) {
                unsynced[file(at)] = true;
            }
        }
    }

    private synchronized void checkRoom(long next, long recordEnd) {
        if (recordEnd > segmentBytes || next - SEGMENTS >= committed.segment()) {
            throw new DomainException(
                    "epoch-too-large",
                    "epoch "
                            + (committed.epoch() + 1)
                            + " or later: its writes do not fit into the journal of "
                            + segmentBytes * SEGMENTS
                            + " bytes",
                    "give the disk store a larger journal");
        }
        if (next > lastReadySegment) {
            throw new DomainException(
                    "journal-full",
                    "the journal of "
                            + segmentBytes * SEGMENTS
                            + " bytes is full: epochs up to "
                            + checkpoint.epoch()
                            + " are in the images, "
                            + committed.epoch()
                            + " is committed",
                    "wait until there is room; give the disk store a larger journal or a faster"
                            + " disk");
        }
    }

    /**
     * Ends the epoch with a commit record.
     *
     * @param sync whether it survives power loss on return
     */
    void commit(long epoch, boolean sync) throws IOException {
        writeRecord(segment, offset, new Head(Kind.COMMIT, 0, epoch, 0, 0, 0));
        long end = JournalRecord.pageUp(offset + JournalRecord.BYTES);
        synchronized (this) {
            committed = new Mark(segment, end, serial + 1, attempt, epoch);
            rewind();
        }
        if (sync) {
            sync();
        }
    }

    /** Makes every epoch that is committed now survive power loss. One thread at a time. */
    void sync() throws IOException {
        Mark reached = committed();
        for (int i = 0; i < SEGMENTS; i++) {
            boolean needed;
            synchronized (this) {
                needed = unsynced[i];
                unsynced[i] = false;
            }
            if (needed) {
                files[i].sync();
            }
        }
        synchronized (this) {
            durableEpoch = reached.epoch();
        }
    }

    /** Forgets what was appended and not committed. */
    synchronized void drop() {
        if (hasUncommitted() || broken) {
            rewind();
        }
    }

    /** Everything before {@code mark} is in the images, synced: segments before it are free. */
    synchronized void checkpoint(Mark mark) {
        checkpoint = mark;
    }

    synchronized Mark checkpoint() {
        return checkpoint;
    }

    /**
     * Gives the next free segment a first page that says where a replay starts now, durably: only
     * then may its old content be overwritten, as a replay from an older mark would need it.
     *
     * @return whether there was one
     */
    boolean makeSegmentReady() throws IOException {
        long next;
        Mark mark;
        synchronized (this) {
            if (!hasSegmentToReady()) {
                return false;
            }
            next = lastReadySegment + 1;
            mark = checkpoint;
        }
        firstPage.clear().position(JournalRecord.BYTES);
        mark.encode(firstPage);
        int crc = JournalRecord.crc(firstPage.slice(JournalRecord.BYTES, Mark.BYTES));
        firstPage.position(0);
        new JournalRecord(
                        Kind.SEGMENT,
                        0,
                        new Place(next, 0, 0),
                        mark.epoch(),
                        mark.epoch(),
                        0,
                        Mark.BYTES,
                        crc)
                .encode(firstPage, id);
        files[file(next)].write(0, firstPage.clear());
        files[file(next)].sync();
        synchronized (this) {
            lastReadySegment = next;
        }
        return true;
    }

    /** Whether a segment is free and not yet ready. */
    synchronized boolean hasSegmentToReady() {
        return lastReadySegment + 1 - SEGMENTS < checkpoint.segment();
    }

    /** Bytes that surely can be appended now, heads of {@link JournalRecord#BYTES} included. */
    synchronized long roomBytes() {
        // whenever a record goes into the next segment, what is shorter than it is left over
        long here = segmentBytes - offset - JournalRecord.BYTES;
        long perSegment = segmentBytes - JournalRecord.PAGE_BYTES - JournalRecord.BYTES;
        long ready = lastReadySegment - segment;
        return Math.max(0, here) + ready * Math.max(0, perSegment - JournalRecord.MAX_BYTES);
    }

    /** Bytes from the oldest epoch that a replay would need to the end. */
    synchronized long usedBytes() {
        return distance(checkpoint, segment, offset);
    }

    /** Bytes of journal from {@code mark} to the last commit. */
    synchronized long bytesAfter(Mark mark) {
        return distance(mark, committed.segment(), committed.offset());
    }

    private long distance(Mark from, long toSegment, long toOffset) {
        return (toSegment - from.segment()) * segmentBytes + toOffset - from.offset();
    }

    private static int file(long segment) {
        return (int) (segment % SEGMENTS);
    }
}
