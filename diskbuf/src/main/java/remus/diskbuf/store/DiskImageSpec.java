package remus.diskbuf.store;

import java.nio.file.Path;

/**
 * A raw image that holds the backup's copy of one disk.
 *
 * @param name how the disk is called in messages, unique in its store
 * @param path the image; made if the store is new and there is none
 * @param bytes exact size
 */
public record DiskImageSpec(String name, Path path, long bytes) {
    /** Checks the size. */
    public DiskImageSpec {
        if (bytes < 1) {
            throw new IllegalArgumentException(
                    "size of disk " + name + ": " + bytes + " bytes (expected: at least 1)");
        }
    }
}
