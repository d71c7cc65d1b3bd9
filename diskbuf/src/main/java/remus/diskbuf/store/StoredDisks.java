package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.DiskCopy;
import remus.domain.DomainException;

/** The disks of a group in a {@link DiskStore}; waits where the store says that it has no room. */
public final class StoredDisks implements DiskCopy {
    /** Well below what a primary waits before it takes its backup for hung. */
    private static final long ROOM_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(4);

    private static final long ROOM_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final int DIGESTS_AT_ONCE = 1 << 16;

    private final List<DiskImageSpec> disks;
    private final DiskStore store;
    private final long journalSizeBytes;
    private final long patienceNanos;

    /**
     * @param patienceNanos how long an append waits for room
     */
    StoredDisks(
            List<DiskImageSpec> disks, DiskStore store, long journalSizeBytes, long patienceNanos) {
        this.disks = List.copyOf(disks);
        this.store = store;
        this.journalSizeBytes = journalSizeBytes;
        this.patienceNanos = patienceNanos;
    }

    /**
     * Opens the store, or makes one; see {@link DiskStore#open}.
     *
     * @param directory of the store's own files; the images may lie elsewhere
     */
    public static StoredDisks open(
            Path directory, List<DiskImageSpec> disks, StoreSettings settings) {
        return new StoredDisks(
                disks,
                DiskStore.open(directory, disks, settings),
                settings.journalBytes(),
                ROOM_PATIENCE_NANOS);
    }

    @Override
    public List<Path> images() {
        return disks.stream().map(DiskImageSpec::path).toList();
    }

    @Override
    public void digests(DigestSink sink) {
        try {
            for (int disk = 0; disk < disks.size(); disk++) {
                digests(disk, sink);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DomainException(
                    "interrupted", "interrupted while images were read", "protect again", e);
        }
    }

    private void digests(int disk, DigestSink sink) throws InterruptedException {
        int chunkBytes = ChunkDigests.chunkBytes(disks.get(disk).bytes());
        ByteBuf batch = Unpooled.buffer();
        long[] next = {0};
        store.digests(
                disk,
                chunkBytes,
                (chunk, digest) -> {
                    batch.writeBytes(digest);
                    next[0] = chunk + 1;
                    if (batch.readableBytes() == DIGESTS_AT_ONCE * digest.length) {
                        sink.take(disk, chunkBytes, next[0] - DIGESTS_AT_ONCE, batch.copy());
                        batch.clear();
                    }
                });
        int rest = batch.readableBytes() / ChunkDigests.DIGEST_BYTES;
        if (rest > 0) {
            sink.take(disk, chunkBytes, next[0] - rest, batch);
        }
    }

    @Override
    public void beginSeed(long incarnation) {
        store.beginSeed(incarnation);
    }

    @Override
    public void seed(int disk, int extents, ByteBuf payload) {
        store.seed(disk, extents, payload);
    }

    /** A full journal keeps the acknowledgement back, and so slows the guest. */
    @Override
    public void append(long epoch, int disk, int extents, ByteBuf payload) {
        long bytes = (long) payload.readableBytes() + DiskStore.RECORD_BYTES;
        long deadline = System.nanoTime() + patienceNanos;
        while (store.roomBytes() < bytes && store.isMakingRoom()) {
            if (System.nanoTime() - deadline > 0) {
                break; // the store says what is wrong
            }
            LockSupport.parkNanos(this, ROOM_POLL_NANOS);
        }
        store.append(epoch, disk, extents, payload);
    }

    @Override
    public void commit(long epoch) {
        store.commit(epoch);
    }

    @Override
    public void prepareActivation() {
        store.prepareActivation();
    }

    @Override
    public Condition condition() {
        String images = store.standing().state().name().toLowerCase(Locale.ROOT);
        return new Condition(
                images.replace('_', '-'), store.journalBytes(), journalSizeBytes, store.lagBytes());
    }

    @Override
    public void close() {
        store.close();
    }
}
