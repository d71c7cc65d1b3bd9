package remus.domain.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * Memory mapped as a whole and given back at once, which {@code FileChannel.map} cannot: it ends at
 * 2 GiB and unmaps when the garbage collector likes. See mmap(2), fallocate(2).
 */
final class MemoryMapLibrary {
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_EXCL = 0x80;
    static final int O_NOFOLLOW = 0x20000;
    static final int O_CLOEXEC = 0x80000;
    static final int PROT_READ_WRITE = 3;
    static final int MAP_SHARED = 1;
    static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    static final int MAP_POPULATE = 0x8000;
    static final int MADV_HUGEPAGE = 14;
    static final int EINTR = 4;
    static final int EINVAL = 22;
    static final int ENOSPC = 28;

    static {
        Native.register(MemoryMapLibrary.class, "c");
    }

    private MemoryMapLibrary() {}

    static native int open(String path, int flags, int mode) throws LastErrorException;

    static native int close(int fd) throws LastErrorException;

    static native int ftruncate(int fd, long lengthBytes) throws LastErrorException;

    static native int fallocate(int fd, int mode, long offset, long lengthBytes)
            throws LastErrorException;

    /** SAFETY: with a null address nothing that exists is replaced; the result is checked. */
    static native Pointer mmap(
            @Nullable Pointer address,
            long lengthBytes,
            int protection,
            int flags,
            int fd,
            long offset)
            throws LastErrorException;

    /** SAFETY: MADV_HUGEPAGE changes no contents. */
    static native int madvise(Pointer address, long lengthBytes, int advice)
            throws LastErrorException;

    /** SAFETY: no view of the range may be used again; whoever holds views must know. */
    static native int munmap(Pointer address, long lengthBytes) throws LastErrorException;
}
