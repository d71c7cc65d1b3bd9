package remus.diskbuf.nbd;

import com.sun.jna.Native;

/**
 * What Java's channels cannot do with a file: holes. See fallocate(2), lseek(2), posix_fadvise(2).
 *
 * <p>SAFETY: plain numbers only. The descriptor is one that its {@link FileExport} opened, not
 * closed yet, and nobody uses its position; so {@code lseek} from several threads only asks.
 */
final class ImageFileLibrary {
    static final int O_RDONLY = 0x80000; // with O_CLOEXEC
    static final int O_RDWR = 0x80002;
    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;
    static final int PUNCH_HOLE = 3; // FALLOC_FL_PUNCH_HOLE, FALLOC_FL_KEEP_SIZE
    static final int ZERO_RANGE = 0x10;
    static final int WILLNEED = 3;
    static final int ENXIO = 6;
    static final int ENOSPC = 28;
    static final int EOPNOTSUPP = 95;

    static {
        Native.register(ImageFileLibrary.class, "c");
    }

    private ImageFileLibrary() {}

    /** 0, or -1 with errno. */
    static native int fallocate(int fd, int mode, long offset, long length);

    /** An offset, or -1 with errno. */
    static native long lseek(int fd, long offset, int whence);

    /** 0, or an errno. */
    static native int posix_fadvise(int fd, long offset, long length, int advice);

    /** The text of an errno, as it stands in the messages of an IOException too. */
    static native String strerror(int errno);
}
