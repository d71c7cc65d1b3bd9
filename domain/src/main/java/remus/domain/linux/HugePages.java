package remus.domain.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import remus.domain.DomainException;

/**
 * Memory on pages of 2 MiB where the kernel has them (transparent huge pages, madvise(2)): it is
 * there after 100 faults where small pages take 50,000, and goes as quickly. A process that is
 * killed frees its memory before it closes its sockets, so the pages are part of the time until the
 * backup hears of it.
 */
public final class HugePages {
    private static final int HUGE_BYTES = 2 << 20;
    private static final int SMALL_BYTES = 4096;

    private HugePages() {}

    /**
     * Makes zeroed memory, touched already. It stays until the process ends.
     *
     * @throws DomainException {@code out-of-memory}
     */
    public static ByteBuffer allocateForever(int bytes) {
        Pointer start;
        try {
            start =
                    MemoryMapLibrary.mmap(
                            null,
                            (long) bytes + HUGE_BYTES,
                            MemoryMapLibrary.PROT_READ_WRITE,
                            MemoryMapLibrary.MAP_PRIVATE_ANONYMOUS,
                            -1,
                            0);
        } catch (LastErrorException e) {
            throw new DomainException(
                    "out-of-memory",
                    (bytes >> 20) + " MiB of memory cannot be had: " + e.getMessage(),
                    "free memory on this host, or lower `staging`",
                    e);
        }
        Pointer aligned = start.share(-Pointer.nativeValue(start) & (HUGE_BYTES - 1));
        advise(aligned, bytes);
        ByteBuffer memory = aligned.getByteBuffer(0, bytes);
        for (int at = 0; at < bytes; at += SMALL_BYTES) {
            memory.put(at, (byte) 0);
        }
        return memory;
    }

    /** A kernel without huge pages refuses with EINVAL; small ones do the same, slower. */
    private static void advise(Pointer address, int bytes) {
        try {
            MemoryMapLibrary.madvise(address, bytes, MemoryMapLibrary.MADV_HUGEPAGE);
        } catch (LastErrorException e) {
            if (e.getErrorCode() != MemoryMapLibrary.EINVAL) {
                throw e;
            }
        }
    }
}
