package remus.domain.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import remus.domain.DomainException;

/**
 * Tries the dirty log on two pages of our own: a kernel that accepts every call may still report
 * nothing, and a tracker that misses a write corrupts the copy in silence.
 */
public final class DirtyLogProbe {
    private static final int PAGE_BYTES = 4096;
    private static final int PAGES = 4;

    private DirtyLogProbe() {}

    /**
     * Returns if this kernel reports a write, exactly it, and once.
     *
     * @throws DomainException {@code kernel-too-old} or {@code dirty-log-unreliable}
     */
    public static void check() {
        long base =
                MappingLibrary.mmap(
                        0,
                        (long) PAGES * PAGE_BYTES,
                        MappingLibrary.READ_WRITE,
                        MappingLibrary.PRIVATE_ANONYMOUS,
                        -1,
                        0);
        if (base == -1) {
            throw tooOld("mmap", Errno.last());
        }
        try {
            long fd =
                    DescriptorLibrary.syscall(
                            UserfaultfdLibrary.SYS_USERFAULTFD,
                            UserfaultfdLibrary.OPEN_FLAGS,
                            0,
                            0);
            if (fd < 0) {
                throw tooOld("userfaultfd", Errno.last());
            }
            try (WriteProtection protection =
                    new WriteProtection(ProcessHandle.current().pid(), (int) fd)) {
                probe(protection, base);
            }
        } finally {
            MappingLibrary.munmap(base, (long) PAGES * PAGE_BYTES);
        }
    }

    private static void probe(WriteProtection protection, long base) {
        if (!protection.negotiate()) {
            throw tooOld("UFFDIO_API with asynchronous write protection", Errno.last());
        }
        AddressRange range = new AddressRange(base, (long) PAGES * PAGE_BYTES);
        int errno = protection.register(range);
        if (errno != 0) {
            throw tooOld("UFFDIO_REGISTER", errno);
        }
        try (Memory vector = new Memory((long) PAGES * WriteProtection.REGION_BYTES)) {
            new Pointer(base).setByte(0, (byte) 1);
            expect(protection, range, vector, base, range.end());
            expect(protection, range, vector, 0, 0);
            new Pointer(base).setByte(0, (byte) 2);
            expect(protection, range, vector, base, base + PAGE_BYTES);
            new Pointer(base).setByte(2L * PAGE_BYTES, (byte) 3);
            expect(protection, range, vector, base + 2L * PAGE_BYTES, base + 3L * PAGE_BYTES);
            expect(protection, range, vector, 0, 0);
        }
    }

    private static void expect(
            WriteProtection protection, AddressRange range, Memory vector, long start, long end) {
        long count =
                protection.scan(range.start(), range.end(), Pointer.nativeValue(vector), PAGES);
        if (count < 0) {
            throw tooOld("PAGEMAP_SCAN", (int) -count);
        }
        long from = count == 0 ? 0 : vector.getLong(0);
        long to = count == 0 ? 0 : vector.getLong((count - 1) * WriteProtection.REGION_BYTES + 8);
        if (from != start || to != end) {
            throw new DomainException(
                    "dirty-log-unreliable",
                    "this kernel reports writes to "
                            + (to - from)
                            + " bytes of a probe (expected: "
                            + (end - start)
                            + ")",
                    "use a kernel whose PAGEMAP_SCAN passes its self tests; tell its vendor");
        }
    }

    private static DomainException tooOld(String call, int errno) {
        return new DomainException(
                "kernel-too-old",
                "kernel "
                        + System.getProperty("os.version")
                        + " cannot log written pages (expected: Linux 6.7 or newer); "
                        + Errno.describe(call, errno),
                "install a newer kernel (Debian 13, or a backport), and run the agent as root");
    }
}
