package remus.diskbuf.nbd;

import com.sun.jna.Native;

/**
 * Memory that takes pages only where it was written, and gives them back. See mmap(2), madvise(2).
 *
 * <p>SAFETY: anonymous private mappings at an address of the kernel's choice only. {@code madvise}
 * only inside such a mapping and by whole pages; others may read and write them meanwhile, and see
 * the old bytes or zeros. {@code munmap} exactly what was mapped, once, when nothing points there.
 */
final class SparseMemoryLibrary {
    static final int READ_WRITE = 3;

    /** MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE: larger than the host's memory is allowed. */
    static final int SPARSE = 0x4022;

    static final int MADV_DONTNEED = 4;

    static {
        Native.register(SparseMemoryLibrary.class, "c");
    }

    private SparseMemoryLibrary() {}

    /** An address, or -1 with errno. */
    static native long mmap(long address, long length, int access, int flags, int fd, long offset);

    /** 0, or -1 with errno. */
    static native int munmap(long address, long length);

    /** 0, or -1 with errno. */
    static native int madvise(long address, long length, int advice);
}
