package remus.diskbuf.store;

/**
 * How a store keeps its disks.
 *
 * @param journalBytes size of the journal, preallocated; the most that epochs may wait in before
 *     they are in the images, and so the most that one epoch may write
 * @param syncBeforeAck whether {@link DiskStore#commit} waits until the epoch survives power loss;
 *     without it, power loss may take the last epochs, whole, and only the loss of the process is
 *     survived without loss
 * @param allocation how space for the images is taken
 * @param resync what to do if the old copy and the new one do not fit side by side
 */
public record StoreSettings(
        long journalBytes, boolean syncBeforeAck, Allocation allocation, Resync resync) {
    /** Space for images. */
    public enum Allocation {
        /** As it is written; zeroes and trims give it back. */
        SPARSE,
        /** All of it when the store is opened; zeroes and trims keep it. */
        FULL
    }

    /** What becomes of the old copy when there is no room to resync beside it. */
    public enum Resync {
        /** It is kept, and the resync fails. */
        KEEP_OLD_COPY,
        /** It is given up: the resync goes on in place. */
        IN_PLACE
    }

    /** The least that a journal may have. */
    public static final long MIN_JOURNAL_BYTES = EpochJournal.SEGMENTS * 16 * 1024;

    /** Checks the size. */
    public StoreSettings {
        if (journalBytes < MIN_JOURNAL_BYTES || journalBytes > 1L << 40) {
            throw new IllegalArgumentException(
                    "journal: "
                            + journalBytes
                            + " bytes (expected: "
                            + MIN_JOURNAL_BYTES
                            + " to 1 TiB)");
        }
    }

    /** 256 MiB of journal, safe against power loss, sparse images, the old copy kept. */
    public static StoreSettings defaults() {
        return new StoreSettings(256L << 20, true, Allocation.SPARSE, Resync.KEEP_OLD_COPY);
    }

    long segmentBytes() {
        return journalBytes
                / EpochJournal.SEGMENTS
                / JournalRecord.PAGE_BYTES
                * JournalRecord.PAGE_BYTES;
    }
}
