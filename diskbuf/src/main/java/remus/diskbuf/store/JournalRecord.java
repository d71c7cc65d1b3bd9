package remus.diskbuf.store;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The head of a record; the payload follows it. Big-endian.
 *
 * <pre>
 *    0  magic "RmDJ" (u32)     4  version (u8)   5  kind (u8)   6  disk (u16)
 *    8  id of the journal, renewed whenever it starts over (16 bytes)
 *   24  use of a segment (u64): 0, 1, 2, ...; use n is in file n mod 4
 *   32  serial (u64): 0, 1, 2, ... through all segments
 *   40  attempt (u64): grows with each commit and each drop
 *   48  epoch (u64)
 *   56  last epoch known to be durable when this was written (u64)
 *   64  extents (u32)         68  payload bytes (u32)
 *   72  CRC-32C of the payload (u32)
 *   76  CRC-32C of bytes 0 to 75 (u32)
 * </pre>
 *
 * <p>What was written and then dropped is overwritten by a later attempt, maybe in part: serial and
 * attempt tell leftovers from what belongs together.
 */
record JournalRecord(
        Kind kind,
        int disk,
        Place place,
        long epoch,
        long durableEpoch,
        int extents,
        int payloadBytes,
        int payloadCrc) {
    /** Bytes of the head. */
    static final int BYTES = 80;

    /** Epochs start on pages: what holds a committed record is never written again. */
    static final int PAGE_BYTES = 4096;

    static final int MAX_BYTES = BYTES + DiskExtents.MAX_PAYLOAD_BYTES;

    static final int MAGIC = 0x526d444a;
    private static final byte VERSION = 1;
    private static final int CRC_AT = 76;

    /** Which use of a segment, which record, which attempt. */
    record Place(long segment, long serial, long attempt) {}

    /** What a record says. */
    enum Kind {
        /** The payload is one frame of {@link DiskExtents}. */
        WRITES(1),
        /** The epoch is complete. No payload. */
        COMMIT(2),
        /** First page of a segment; the payload is where a replay starts, a {@link Mark}. */
        SEGMENT(3);

        private final byte code;

        Kind(int code) {
            this.code = (byte) code;
        }

        private static @Nullable Kind of(byte code) {
            return switch (code) {
                case 1 -> WRITES;
                case 2 -> COMMIT;
                case 3 -> SEGMENT;
                default -> null;
            };
        }
    }

    void encode(ByteBuffer target, UUID journal) {
        int start = target.position();
        target.putInt(MAGIC).put(VERSION).put(kind.code).putShort((short) disk);
        target.putLong(journal.getMostSignificantBits());
        target.putLong(journal.getLeastSignificantBits());
        target.putLong(place.segment).putLong(place.serial).putLong(place.attempt);
        target.putLong(epoch).putLong(durableEpoch);
        target.putInt(extents).putInt(payloadBytes).putInt(payloadCrc);
        target.putInt(crc(target.slice(start, CRC_AT)));
    }

    /**
     * The record whose head lies at {@code at}, or null if none of this journal does.
     *
     * @param source at least {@link #BYTES} from there on
     */
    static @Nullable JournalRecord decode(ByteBuffer source, int at, UUID journal) {
        if (source.getInt(at) != MAGIC
                || source.getLong(at + 8) != journal.getMostSignificantBits()
                || source.getLong(at + 16) != journal.getLeastSignificantBits()
                || source.getInt(at + CRC_AT) != crc(source.slice(at, CRC_AT))) {
            return null;
        }
        @Nullable Kind kind = Kind.of(source.get(at + 5));
        int payloadBytes = source.getInt(at + 68);
        if (source.get(at + 4) != VERSION
                || kind == null
                || payloadBytes < 0
                || payloadBytes > DiskExtents.MAX_PAYLOAD_BYTES) {
            return null;
        }
        return new JournalRecord(
                kind,
                Short.toUnsignedInt(source.getShort(at + 6)),
                new Place(
                        source.getLong(at + 24), source.getLong(at + 32), source.getLong(at + 40)),
                source.getLong(at + 48),
                source.getLong(at + 56),
                source.getInt(at + 64),
                payloadBytes,
                source.getInt(at + 72));
    }

    /** Of all that remains in the pieces, which are left as they are. */
    static int crc(ByteBuffer... pieces) {
        CRC32C crc = new CRC32C();
        for (ByteBuffer piece : pieces) {
            crc.update(piece.duplicate());
        }
        return (int) crc.getValue();
    }

    /** The first page boundary at or after {@code offset}. */
    static long pageUp(long offset) {
        return (offset + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    }
}
