package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import remus.domain.DomainException;

/** The images of a store. */
final class DiskImages implements Closeable {
    private final List<DiskImage> images = new ArrayList<>();

    /**
     * Opens the images; makes them durably where {@code isNew} allows it.
     *
     * @throws DomainException {@code disk-missing}, {@code disk-size}
     */
    static DiskImages open(
            Medium medium,
            List<DiskImageSpec> disks,
            StoreSettings.Allocation allocation,
            boolean isNew)
            throws IOException {
        DiskImages opened = new DiskImages();
        try {
            for (DiskImageSpec disk : disks) {
                opened.images.add(open(medium, disk, allocation, isNew));
            }
            return opened;
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private static DiskImage open(
            Medium medium, DiskImageSpec disk, StoreSettings.Allocation allocation, boolean isNew)
            throws IOException {
        if (!isNew && !medium.exists(disk.path())) {
            throw new DomainException(
                    "disk-missing",
                    "the image of disk " + disk.name() + " is gone: " + disk.path(),
                    "put it back, or remove the disk store's directory: then all is copied anew");
        }
        boolean keepSpace = allocation == StoreSettings.Allocation.FULL;
        StoreFile file = medium.open(disk.path());
        try {
            // an empty file is what power loss leaves of one that was just made
            if (isNew && file.size() == 0) {
                file.resize(disk.bytes());
            }
            if (file.size() != disk.bytes()) {
                throw new DomainException(
                        "disk-size",
                        "the image "
                                + disk.path()
                                + " of disk "
                                + disk.name()
                                + " has "
                                + file.size()
                                + " bytes (expected: "
                                + disk.bytes()
                                + ")",
                        "move it away, or give the disk another path at this host");
            }
            if (keepSpace) {
                file.allocate(disk.bytes());
            }
            if (isNew) {
                file.sync();
                medium.syncDirectory(directory(disk.path()));
            }
            return new DiskImage(disk, file, keepSpace);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static Path directory(Path file) {
        return file.toAbsolutePath().normalize().resolveSibling("");
    }

    DiskImage get(int disk) {
        if (disk < 0 || disk >= images.size()) {
            throw new IllegalArgumentException(
                    "disk: " + disk + " (expected: 0 to " + (images.size() - 1) + ")");
        }
        return images.get(disk);
    }

    /** Checks a frame against its disk. */
    void check(int disk, int extents, ByteBuf payload) {
        DiskExtents.check(payload, extents, get(disk).spec().bytes());
    }

    /** Writes what a record of a journal says. */
    void apply(JournalRecord record, ByteBuf payload) throws IOException {
        get(record.disk()).apply(record.extents(), payload);
    }

    /** Makes everything written survive power loss. */
    void sync() throws IOException {
        for (DiskImage image : images) {
            image.sync();
        }
    }

    long totalBytes() {
        return images.stream().mapToLong(image -> image.spec().bytes()).sum();
    }

    @Override
    public void close() throws IOException {
        for (DiskImage image : images) {
            image.close();
        }
    }
}
