package remus.domain.linux;

import com.sun.jna.Native;

/**
 * mmap(2).
 *
 * <p>SAFETY: anonymous private mappings at an address of the kernel's choice only; {@code munmap}
 * exactly what was mapped, once, when nothing points there any more.
 */
final class MappingLibrary {
    static final int READ_WRITE = 3;
    static final int PRIVATE_ANONYMOUS = 0x22;

    static {
        Native.register(MappingLibrary.class, "c");
    }

    private MappingLibrary() {}

    static native long mmap(long address, long length, int access, int flags, int fd, long offset);

    static native int munmap(long address, long length);
}
