package remus.diskbuf.nbd;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;

/**
 * Keeps QEMU and ourselves from writing one image at one time. QEMU marks what it does with an
 * image, and what it does not bear of others, by locks on single bytes: 100 and 200, and the number
 * of the permission.
 */
final class ImageLock {
    private static final long WRITES = 101;
    private static final long BEARS_NO_WRITER = 201;

    private ImageLock() {}

    /** Marks the image as written by us, until its channel is closed; false if another has it. */
    static boolean take(FileChannel channel) throws IOException {
        try {
            return channel.tryLock(WRITES, 1, false) != null
                    && channel.tryLock(BEARS_NO_WRITER, 1, false) != null;
        } catch (OverlappingFileLockException ours) {
            return false;
        }
    }
}
