package remus.diskbuf.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.domain.DomainException;

/** What an open store consists of. */
record StoreParts(
        Medium medium,
        Path directory,
        Closeable lock,
        MetaFile meta,
        DiskImages images,
        List<StoreFile> segments,
        EpochJournal journal)
        implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(StoreParts.class);

    /** Opens and recovers. */
    static StoreParts open(
            Medium medium, Path directory, List<DiskImageSpec> disks, StoreSettings settings)
            throws IOException {
        medium.makeDirectories(directory);
        List<Closeable> opened = new ArrayList<>();
        try {
            opened.add(lock(medium, directory));
            MetaFile meta = meta(medium, directory, disks, settings);
            boolean isNew = meta.get().standing().state() == Standing.State.NEW;
            DiskImages images = DiskImages.open(medium, disks, settings.allocation(), isNew);
            opened.add(images);
            StoreFile[] segments = new StoreFile[EpochJournal.SEGMENTS];
            for (int i = 0; i < segments.length; i++) {
                segments[i] = medium.open(directory.resolve("journal-" + i));
                opened.add(segments[i]);
            }
            if (meta.get().standing().state() == Standing.State.CONSISTENT) {
                recover(medium, directory, meta, images, segments);
            }
            SeedLog.delete(medium, directory);
            EpochJournal journal = startJournal(meta, segments, settings.segmentBytes());
            medium.syncDirectory(directory);
            Closeable lock = opened.get(0);
            return new StoreParts(
                    medium, directory, lock, meta, images, List.of(segments), journal);
        } catch (IOException | RuntimeException e) {
            for (Closeable part : opened) {
                closeAfter(part, e);
            }
            throw e;
        }
    }

    private static void closeAfter(Closeable part, Exception failure) {
        try {
            part.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static Closeable lock(Medium medium, Path directory) {
        try {
            return medium.lock(directory.resolve("lock"));
        } catch (IOException e) {
            throw StoreFailures.locked(directory, e);
        }
    }

    private static MetaFile meta(
            Medium medium, Path directory, List<DiskImageSpec> disks, StoreSettings settings)
            throws IOException {
        List<StoreMeta.Disk> wanted = disks.stream().map(StoreMeta.Disk::of).toList();
        @Nullable MetaFile meta = MetaFile.load(medium, directory);
        if (meta == null) {
            return MetaFile.create(
                    medium, directory, StoreMeta.fresh(wanted, settings.segmentBytes()));
        }
        if (!meta.get().disks().equals(wanted)) {
            throw new DomainException(
                    "disk-set",
                    "the disk store "
                            + directory
                            + " holds "
                            + meta.get().disks()
                            + " (expected: "
                            + wanted
                            + ")",
                    "remove the directory to have the disks copied anew");
        }
        return meta;
    }

    /** Brings the images to the last committed epoch, and leaves an empty journal. */
    private static void recover(
            Medium medium, Path directory, MetaFile meta, DiskImages images, StoreFile[] segments)
            throws IOException {
        Standing before = meta.get().standing();
        Standing after;
        try {
            @Nullable UUID overlay = meta.get().overlay();
            if (overlay != null) {
                try (SeedLog log = SeedLog.openFinished(medium, directory, overlay)) {
                    log.mergeAll(images);
                }
            }
            long epoch =
                    new Recovery(segments, meta.get().journal(), new RecordReader())
                            .replay(images, meta.get().journalEpoch(), before.epoch());
            images.sync();
            after = new Standing(Standing.State.CONSISTENT, before.incarnation(), epoch);
        } catch (DamageException | SyncException e) {
            LOG.error("disk store {}: the images are worth nothing any more", directory, e);
            after = new Standing(Standing.State.INCONSISTENT, before.incarnation(), 0);
        }
        Standing found = after;
        meta.update(old -> old.settled(found));
    }

    private static EpochJournal startJournal(MetaFile meta, StoreFile[] segments, long segmentBytes)
            throws IOException {
        if (meta.get().segmentBytes() != segmentBytes) {
            meta.update(old -> old.withSegments(segmentBytes));
        }
        for (StoreFile segment : segments) {
            segment.resize(segmentBytes);
            segment.allocate(segmentBytes);
        }
        EpochJournal journal = new EpochJournal(segments, segmentBytes);
        if (meta.get().standing().state() == Standing.State.CONSISTENT) {
            journal.reset(meta.get().journal(), meta.get().standing().epoch());
        }
        return journal;
    }

    /** Closes everything; the lock last. */
    @Override
    public void close() throws IOException {
        images.close();
        for (StoreFile segment : segments) {
            segment.close();
        }
        lock.close();
    }
}
