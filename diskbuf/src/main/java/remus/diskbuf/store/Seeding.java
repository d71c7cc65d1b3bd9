package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.diskbuf.store.Standing.State;
import remus.domain.DomainException;

/** A copy under way: in place, or beside an old copy that is worth keeping. */
final class Seeding {
    private static final Logger LOG = LoggerFactory.getLogger(Seeding.class);

    /** Written behind in pieces of so much, so that the first commit has little left to sync. */
    private static final long FLUSH_BYTES = 64L << 20;

    private final StoreParts parts;
    private final boolean mayGoInPlace;
    private final long incarnation;
    private @Nullable SeedLog overlay;
    private boolean failed;
    private long unflushedBytes;

    private Seeding(
            StoreParts parts, boolean mayGoInPlace, long incarnation, @Nullable SeedLog overlay) {
        this.parts = parts;
        this.mayGoInPlace = mayGoInPlace;
        this.incarnation = incarnation;
        this.overlay = overlay;
    }

    /**
     * Chooses the place, and notes durably what the images are meanwhile. Whatever journal there
     * was is void from then on.
     *
     * @throws NoSpaceException if the old copy stays and there is no room; nothing has changed then
     */
    static Seeding begin(StoreParts parts, Standing old, long incarnation, boolean mayGoInPlace)
            throws IOException {
        Seeding begun = new Seeding(parts, mayGoInPlace, incarnation, null);
        if (old.worthKeeping()) {
            try {
                long capBytes = 2 * parts.images().totalBytes() + (1 << 20);
                begun.overlay = SeedLog.create(parts.medium(), parts.directory(), capBytes);
            } catch (NoSpaceException e) {
                if (!mayGoInPlace) {
                    throw e;
                }
                LOG.warn("disk store {}: no room beside the old copy", parts.directory(), e);
            }
        }
        if (begun.overlay == null) {
            begun.markInconsistent();
        } else {
            parts.images().sync();
            parts.meta().update(meta -> meta.settled(old));
        }
        return begun;
    }

    private void markInconsistent() throws IOException {
        Standing during = new Standing(State.INCONSISTENT, incarnation, 0);
        parts.meta().update(meta -> meta.settled(during));
    }

    /** Where it goes; null for in place. */
    @Nullable SeedLog overlay() {
        return overlay;
    }

    /**
     * Writes a checked payload.
     *
     * @param idle waits until the applier does nothing
     * @return what should be flushed now by another thread, if anything
     */
    Applier.@Nullable Job write(int disk, int extents, ByteBuf payload, Runnable idle)
            throws IOException {
        try {
            SeedLog beside = overlay;
            if (beside == null || !append(beside, disk, extents, payload, idle)) {
                parts.images().get(disk).apply(extents, payload);
            }
        } catch (IOException e) {
            failed = true;
            throw e;
        }
        unflushedBytes += payload.readableBytes();
        if (unflushedBytes < FLUSH_BYTES) {
            return null;
        }
        unflushedBytes = 0;
        SeedLog beside = overlay;
        return beside == null ? parts.images()::sync : beside::flush;
    }

    /** False if it has to go in place, from now on. */
    private boolean append(SeedLog beside, int disk, int extents, ByteBuf payload, Runnable idle)
            throws IOException {
        try {
            beside.append(disk, extents, payload);
            return true;
        } catch (NoSpaceException e) {
            if (!mayGoInPlace) {
                throw e;
            }
            LOG.warn("disk store {}: no room beside the old copy", parts.directory(), e);
            idle.run();
            markInconsistent();
            beside.mergeAll(parts.images());
            discard();
            return false;
        }
    }

    /**
     * Makes all of it survive power loss, and then the standing of its first epoch, whose journal
     * is durable. The switch from the old copy is the change of one file.
     */
    void finish(long epoch) throws IOException {
        if (failed) {
            throw new DomainException(
                    "seed-incomplete",
                    "the copy of incarnation " + incarnation + " lacks writes that failed",
                    "mend what the first error said, and let the copy begin again");
        }
        SeedLog beside = overlay;
        if (beside == null) {
            parts.images().sync();
        } else {
            beside.finish();
        }
        Standing standing = new Standing(State.CONSISTENT, incarnation, epoch);
        parts.meta()
                .update(
                        meta ->
                                meta.seeded(
                                        standing,
                                        parts.journal().id(),
                                        beside == null ? null : beside.id()));
    }

    /** Gives the overlay up, or removes it when it is merged. */
    void discard() throws IOException {
        SeedLog beside = overlay;
        if (beside != null) {
            overlay = null;
            beside.close();
            SeedLog.delete(parts.medium(), parts.directory());
        }
    }
}
