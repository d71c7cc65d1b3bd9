package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.store.Standing.State;
import remus.domain.DomainException;

/**
 * The backup's copy of a group's disks: one raw image for each, and one journal of epochs. An epoch
 * commits whole, or not at all, whatever byte power is lost at. See the package.
 *
 * <p>Called by one thread at a time, which nobody may interrupt: an interrupt closes the file that
 * it works on. {@link #digests} may be called by any. After {@code disk-failed}, {@code
 * disk-untrustworthy}, or {@code no-space} for what was committed, every call fails with the same
 * error: close the store, mend the cause, open it again.
 */
public final class DiskStore implements AutoCloseable {
    /** What a frame takes in the journal besides its payload. */
    public static final int RECORD_BYTES = JournalRecord.BYTES;

    private final StoreParts parts;
    private final StoreSettings settings;
    private final Applier applier;
    private final ApplierDrive drive;
    private final StoreHealth health;

    private volatile @Nullable Seeding seeding;
    private long lastEpoch;
    private long openEpoch;
    private boolean closed;

    private DiskStore(
            StoreParts parts, StoreSettings settings, Function<Applier, ApplierDrive> drives) {
        this.parts = parts;
        this.settings = settings;
        health = new StoreHealth(parts);
        applier = new Applier(parts.images(), parts.journal(), e -> fail(e));
        applier.restart();
        lastEpoch = parts.meta().get().standing().epoch();
        drive = drives.apply(applier);
    }

    /**
     * Opens a store, or makes one. Replays the committed epochs of its journal into the images, and
     * drops the rest: that may take as long as writing the whole journal.
     *
     * @param directory of the store's own files
     * @throws DomainException {@code store-locked}, {@code disk-size}, {@code disk-missing}, {@code
     *     disk-set}, {@code damaged-store}, {@code no-space}, {@code disk-failed}
     */
    public static DiskStore open(
            Path directory, List<DiskImageSpec> disks, StoreSettings settings) {
        String name = "diskstore-" + directory.getFileName();
        return open(
                new FileMedium(),
                directory,
                disks,
                settings,
                applier -> new ApplierThread(applier, name).start());
    }

    static DiskStore open(
            Medium medium,
            Path directory,
            List<DiskImageSpec> disks,
            StoreSettings settings,
            Function<Applier, ApplierDrive> drives) {
        try {
            return new DiskStore(
                    StoreParts.open(medium, directory, disks, settings), settings, drives);
        } catch (IOException e) {
            throw StoreFailures.of(directory, e);
        }
    }

    /** What the images are, durably, together with the journal. */
    public Standing standing() {
        Standing standing = parts.meta().get().standing();
        return seeding == null && standing.state() == State.CONSISTENT
                ? new Standing(State.CONSISTENT, standing.incarnation(), lastEpoch)
                : standing;
    }

    /**
     * Begins a copy, full or of what differs; its epochs count from 1. An old copy worth keeping is
     * not touched before the first commit. Waits until what is committed is in the images.
     *
     * @throws DomainException {@code no-space} if the old copy is to be kept and the new one has no
     *     room beside it; nothing has changed then
     */
    public void beginSeed(long incarnation) {
        check();
        try {
            abandonSeeding();
            drain();
            seeding = begin(incarnation);
            // under an old standing no record of the new journal may ever be replayed: it has an id
            // of its own, which only the commit makes known
            parts.journal().reset(UUID.randomUUID(), 0);
            applier.restart();
            lastEpoch = 0;
            openEpoch = 0;
        } catch (IOException e) {
            throw fail(e);
        }
    }

    private Seeding begin(long incarnation) throws IOException {
        boolean mayGoInPlace = settings.resync() == StoreSettings.Resync.IN_PLACE;
        try {
            return Seeding.begin(parts, standing(), incarnation, mayGoInPlace);
        } catch (NoSpaceException e) {
            throw StoreFailures.of(parts.directory(), e);
        }
    }

    /**
     * Writes a part of the copy.
     *
     * @param payload see {@link DiskExtents}; stays the caller's
     * @throws IllegalArgumentException if the payload is not sound or not within the disk
     * @throws DomainException {@code no-space}: the copy is void, begin again when there is room;
     *     an old copy is still there unless it was to be given up
     */
    public void seed(int disk, int extents, ByteBuf payload) {
        check();
        Seeding now = seeding;
        if (now == null) {
            throw new IllegalStateException("no seed was begun");
        }
        parts.images().check(disk, extents, payload);
        try {
            Applier.@Nullable Job flush = now.write(disk, extents, payload, this::drain);
            if (flush != null) {
                applier.flush(flush);
                drive.wake();
            }
        } catch (NoSpaceException e) {
            throw StoreFailures.of(parts.directory(), e);
        } catch (IOException e) {
            throw fail(e);
        }
    }

    /**
     * Takes writes of the next epoch, which nobody sees before it is committed.
     *
     * @param epoch above the last committed one; one epoch at a time
     * @param payload see {@link DiskExtents}; stays the caller's
     * @throws IllegalArgumentException if the payload is not sound or not within the disk
     * @throws DomainException {@code journal-full}: nothing happened, try again when {@link
     *     #roomBytes} has grown; {@code epoch-too-large}, {@code no-space}: {@link #drop} it
     */
    public void append(long epoch, int disk, int extents, ByteBuf payload) {
        check();
        checkEpoch(epoch);
        parts.images().check(disk, extents, payload);
        try {
            parts.journal().append(epoch, disk, extents, payload);
            openEpoch = epoch;
        } catch (NoSpaceException e) {
            throw StoreFailures.of(parts.directory(), e);
        } catch (IOException e) {
            throw fail(e);
        }
    }

    private void checkEpoch(long epoch) {
        StoreMeta meta = parts.meta().get();
        if (seeding == null
                && (meta.standing().state() != State.CONSISTENT
                        || !meta.journal().equals(parts.journal().id()))) {
            throw new IllegalStateException("epochs follow a seed only");
        }
        if (epoch <= lastEpoch || (openEpoch != 0 && epoch != openEpoch)) {
            throw new IllegalArgumentException(
                    "epoch: "
                            + epoch
                            + " (expected: "
                            + (openEpoch != 0 ? "" + openEpoch : "above " + lastEpoch)
                            + ")");
        }
    }

    /**
     * Ends the epoch, and the copy if it is the first after one. On return it survives power loss,
     * unless {@link StoreSettings#syncBeforeAck} is off; the first one after a copy always does. An
     * epoch that wrote nothing costs nothing.
     *
     * @throws DomainException {@code disk-untrustworthy} if nobody knows whether it would survive;
     *     {@code no-space}: {@link #drop} it; {@code seed-incomplete}
     */
    public void commit(long epoch) {
        check();
        checkEpoch(epoch);
        try {
            @Nullable Seeding now = seeding;
            if (now != null) {
                parts.journal().commit(epoch, true);
                now.finish(epoch);
                seeding = null;
                @Nullable SeedLog overlay = now.overlay();
                if (overlay != null) {
                    applier.merge(overlay, () -> merged(now));
                }
            } else if (parts.journal().hasUncommitted()) {
                parts.journal().commit(epoch, settings.syncBeforeAck());
            }
            lastEpoch = epoch;
            openEpoch = 0;
            applier.advance(parts.journal().committed());
            drive.wake();
        } catch (IOException e) {
            // without room for its last record, an epoch is as if it was never ended
            throw StoreFailures.isNoSpace(e) && seeding == null
                    ? StoreFailures.of(parts.directory(), e)
                    : fail(e);
        }
    }

    private void merged(Seeding done) throws IOException {
        parts.meta().update(StoreMeta::merged);
        done.discard();
    }

    /** Forgets what was appended and not committed. */
    public void drop() {
        check();
        parts.journal().drop();
        openEpoch = 0;
    }

    /**
     * Bytes that surely can be appended now, each frame counted with {@link #RECORD_BYTES} more.
     * The store never waits for room: a caller who keeps an acknowledgement back until the largest
     * epoch has room again never meets {@code journal-full}.
     */
    public long roomBytes() {
        return parts.journal().roomBytes();
    }

    /** Whether {@link #roomBytes} will grow without anything else being done. */
    public boolean isMakingRoom() {
        return applier.isMakingRoom();
    }

    /** Bytes of the journal that are in use. */
    public long journalBytes() {
        return parts.journal().usedBytes();
    }

    /** Bytes that are committed and not yet in the images. */
    public long lagBytes() {
        return parts.journal().bytesAfter(applier.applied()) + applier.unmergedBytes();
    }

    /**
     * Tells a digest of each chunk of a disk's image, holes without reading them. Waits until what
     * is committed is in there; meant for the time before the first epoch of a copy. Uses one
     * buffer of 1 MiB. Any thread may call, and it takes its time.
     *
     * @param chunkBytes from {@link ImageDigests#MIN_CHUNK_BYTES} to {@link
     *     ImageDigests#MAX_CHUNK_BYTES}
     */
    public void digests(int disk, int chunkBytes, ImageDigests.Consumer consumer)
            throws InterruptedException {
        check();
        ImageDigests.checkChunk(chunkBytes);
        DiskImageSpec spec = parts.images().get(disk).spec();
        awaitApplied();
        try (StoreFile file = parts.medium().open(spec.path())) {
            ImageDigests.of(file, spec.bytes(), chunkBytes, consumer);
        } catch (IOException e) {
            throw StoreFailures.of(parts.directory(), e);
        }
    }

    /**
     * Makes the images what the last committed epoch says, durably, and notes durably that a
     * hypervisor may write to them from now on. A copy that was under way is given up. Until the
     * next {@link #beginSeed} only {@link #digests} and {@link #close} make sense.
     *
     * @throws DomainException {@code disk-inconsistent} if there is no such epoch; {@code
     *     no-space}: call again when there is room
     */
    public void prepareActivation() {
        if (health.forgetNoSpace()) {
            applier.goOn();
        }
        check();
        Standing standing = parts.meta().get().standing();
        if (!standing.worthKeeping()) {
            throw new DomainException(
                    "disk-inconsistent",
                    "the disk store "
                            + parts.directory()
                            + " is "
                            + standing.state()
                            + " (expected: CONSISTENT)",
                    "a copy that was never complete cannot run; run the group at its other host");
        }
        try {
            abandonSeeding();
            parts.journal().drop();
            drain();
            parts.images().sync();
            Standing now = standing();
            Standing after = new Standing(State.HANDED_OVER, now.incarnation(), now.epoch());
            parts.meta().update(meta -> meta.settled(after));
        } catch (IOException e) {
            throw fail(e);
        }
    }

    private void abandonSeeding() throws IOException {
        Seeding now = seeding;
        if (now == null) {
            return;
        }
        drain();
        now.discard();
        lastEpoch = parts.meta().get().standing().epoch();
        seeding = null;
    }

    /** Waits until everything committed is in the images. */
    private void drain() {
        drive.wake();
        try {
            awaitApplied();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DomainException(
                    "interrupted",
                    "interrupted while committed epochs go into the images",
                    "open the disk store again",
                    e);
        }
    }

    private void awaitApplied() throws InterruptedException {
        drive.awaitIdle();
        check();
        if (lagBytes() > 0) {
            throw new IllegalStateException("the applier of " + parts.directory() + " has ended");
        }
    }

    private void check() {
        if (closed) {
            throw new IllegalStateException("the store is closed");
        }
        health.check();
    }

    private DomainException fail(Exception e) {
        return health.failed(e, seeding != null);
    }

    /**
     * Lets go of everything, at once: what is committed and not in the images is for the next
     * {@link #open}, as after a crash.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            drive.stop();
            Seeding now = seeding;
            @Nullable SeedLog overlay = now == null ? applier.merging() : now.overlay();
            if (overlay != null) {
                overlay.close();
            }
            parts.close();
        } catch (IOException e) {
            throw StoreFailures.of(parts.directory(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DomainException(
                    "interrupted", "interrupted while the disk store closes", "stop the agent", e);
        }
    }
}
