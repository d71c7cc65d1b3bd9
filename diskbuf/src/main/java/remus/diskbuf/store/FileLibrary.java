package remus.diskbuf.store;

import com.sun.jna.Native;

/**
 * What file channels lack: open(2), close(2), fallocate(2), lseek(2), strerror(3).
 *
 * <p>SAFETY: {@code close} only what {@code open} returned, once. All others take plain numbers;
 * {@code strerror} returns a string of the C library's own, which JNA copies at once.
 */
final class FileLibrary {
    /** O_RDWR, O_CLOEXEC. */
    static final int OPEN_READ_WRITE = 2 | 0x80000;

    static final int KEEP_SIZE = 1;

    /** FALLOC_FL_PUNCH_HOLE, FALLOC_FL_KEEP_SIZE. */
    static final int PUNCH_HOLE = 2 | KEEP_SIZE;

    /** FALLOC_FL_ZERO_RANGE, FALLOC_FL_KEEP_SIZE. */
    static final int ZERO_RANGE = 0x10 | KEEP_SIZE;

    static final int SEEK_DATA = 3;

    static final int EINTR = 4;
    static final int ENXIO = 6;
    static final int EINVAL = 22;
    static final int ENOSPC = 28;
    static final int ENOSYS = 38;
    static final int EOPNOTSUPP = 95;
    static final int EDQUOT = 122;

    static {
        Native.register(FileLibrary.class, "c");
    }

    private FileLibrary() {}

    /** A descriptor, or -1 with errno. */
    static native int open(String path, int flags);

    /** 0, or -1 with errno. */
    static native int close(int fd);

    /** 0, or -1 with errno. */
    static native int fallocate(int fd, int mode, long offset, long lengthBytes);

    /** The offset, or -1 with errno. */
    static native long lseek(int fd, long offset, int whence);

    /** What the C library calls an error, in its locale. */
    static native String strerror(int errno);
}
