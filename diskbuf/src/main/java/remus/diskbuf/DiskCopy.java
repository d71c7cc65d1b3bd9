package remus.diskbuf;

import io.netty.buffer.ByteBuf;
import java.nio.file.Path;
import java.util.List;
import remus.domain.DomainException;

/**
 * The disks of one group at its backup. They change by whole committed epochs, and survive a loss
 * of power as they were at one of them. Disks are numbered through all members.
 *
 * <p>One thread at a time. Payloads are those of DISK_WRITES frames, and stay the caller's.
 */
public interface DiskCopy extends AutoCloseable {

    /** The raw images, in the order of the disk indices. */
    List<Path> images();

    /**
     * Tells what the images hold. May take as long as reading them does, and may be called by
     * another thread before {@link #beginSeed}.
     */
    void digests(DigestSink sink);

    /** Where digests go, chunk by chunk in order, disk by disk; none of disks that hold nothing. */
    interface DigestSink {
        /**
         * Takes digests of consecutive chunks.
         *
         * @param digests 16 bytes a chunk; the taker's from here on
         */
        void take(int disk, int chunkBytes, long firstChunk, ByteBuf digests);
    }

    /** A copy of another incarnation begins; until its first epoch it is no copy of anything. */
    void beginSeed(long incarnation);

    /**
     * Applies writes of the seed.
     *
     * @throws DomainException if the disk does not take them
     */
    void seed(int disk, int extents, ByteBuf payload);

    /** Adds writes to the epoch that will be committed next. */
    void append(long epoch, int disk, int extents, ByteBuf payload);

    /**
     * On return everything of this epoch, and of the seed, survives a loss of power.
     *
     * @throws DomainException if it cannot; the epoch is then not committed
     */
    void commit(long epoch);

    /**
     * On return the images hold the last committed epoch, all of it and nothing later, and their
     * hypervisor may open them for writing.
     *
     * @throws DomainException if they cannot be completed
     */
    void prepareActivation();

    /** How things stand, for an operator. Any thread may call it, also after {@link #close}. */
    Condition condition();

    /**
     * How the disks of a group stand at its backup.
     *
     * @param images what they are worth, durably, one word: {@code new} (nothing was ever copied),
     *     {@code inconsistent} (worth nothing before the next commit), {@code consistent}, {@code
     *     handed-over} (to a hypervisor); empty if there are none
     * @param journalBytes of the journal that are in use
     * @param journalSizeBytes all that it has
     * @param lagBytes committed and not yet in the images
     */
    record Condition(String images, long journalBytes, long journalSizeBytes, long lagBytes) {
        /** Of a group without disks. */
        public static final Condition NONE = new Condition("", 0, 0, 0);
    }

    /** Lets go of the images, which stay. Idempotent. */
    @Override
    void close();

    /** Of a group without disks. */
    DiskCopy NONE = new NoDisks();
}
