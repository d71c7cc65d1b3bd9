package remus.domain.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import remus.domain.DomainException;

/** The two descriptors of one tracked address space: its userfaultfd and its pagemap. */
final class WriteProtection implements AutoCloseable {
    static final int REGION_BYTES = 24;
    private static final int SCAN_BYTES = 96;
    private static final int WALK_END = 32;

    private final int userfaultfd;
    private final int pagemap;
    private final Memory argument = new Memory(SCAN_BYTES);

    /** Takes over {@code userfaultfd}: closes it if the pagemap cannot be had. */
    WriteProtection(long pid, int userfaultfd) {
        this.userfaultfd = userfaultfd;
        pagemap = DescriptorLibrary.open("/proc/" + pid + "/pagemap", DescriptorLibrary.OPEN_READ);
        if (pagemap < 0) {
            int errno = Errno.last();
            DescriptorLibrary.close(userfaultfd);
            throw new DomainException(
                    "no-pagemap",
                    Errno.describe("/proc/" + pid + "/pagemap cannot be opened", errno),
                    "run the agent as root, with /proc mounted without hidepid");
        }
    }

    /** Negotiates; false if that was done in an earlier life. */
    boolean negotiate() {
        argument.setLong(0, UserfaultfdLibrary.API);
        argument.setLong(8, UserfaultfdLibrary.FEATURES);
        argument.setLong(16, 0);
        return UserfaultfdLibrary.ioctl(userfaultfd, UserfaultfdLibrary.UFFDIO_API, address()) == 0;
    }

    /** Returns 0 or an errno. */
    int register(AddressRange range) {
        argument.setLong(0, range.start());
        argument.setLong(8, range.bytes());
        argument.setLong(16, UserfaultfdLibrary.REGISTER_MODE_WP);
        argument.setLong(24, 0);
        return call(userfaultfd, UserfaultfdLibrary.UFFDIO_REGISTER) < 0 ? Errno.last() : 0;
    }

    /** Returns 0 or an errno. */
    int unregister(AddressRange range) {
        argument.setLong(0, range.start());
        argument.setLong(8, range.bytes());
        return call(userfaultfd, UserfaultfdLibrary.UFFDIO_UNREGISTER) < 0 ? Errno.last() : 0;
    }

    /**
     * Reads which pages were written and protects them again, in one step.
     *
     * @param vector room for {@code regions} elements of struct page_region: start, end, categories
     * @return the elements filled, or minus errno; {@link #walkEnd} says how far it came
     */
    long scan(long start, long end, long vector, long regions) {
        return scan(UserfaultfdLibrary.SCAN_AND_PROTECT, start, end, vector, regions, 0);
    }

    /** Whether a range is registered in the asynchronous mode; changes nothing. */
    boolean asynchronous(AddressRange range) {
        try (Memory vector = new Memory(REGION_BYTES)) {
            return scan(
                            UserfaultfdLibrary.SCAN_CHECK,
                            range.start(),
                            range.end(),
                            Pointer.nativeValue(vector),
                            1,
                            1)
                    >= 0;
        }
    }

    private long scan(long flags, long start, long end, long vector, long regions, long mostPages) {
        argument.setLong(0, SCAN_BYTES);
        argument.setLong(8, flags);
        argument.setLong(16, start);
        argument.setLong(24, end);
        argument.setLong(WALK_END, 0);
        argument.setLong(40, vector);
        argument.setLong(48, regions);
        argument.setLong(56, mostPages);
        argument.setLong(64, 0);
        argument.setLong(72, UserfaultfdLibrary.PAGE_IS_WRITTEN);
        argument.setLong(80, 0);
        argument.setLong(88, UserfaultfdLibrary.PAGE_IS_WRITTEN);
        int count = call(pagemap, UserfaultfdLibrary.PAGEMAP_SCAN);
        return count < 0 ? -Errno.last() : count;
    }

    /** Where the last scan ended. */
    long walkEnd() {
        return argument.getLong(WALK_END);
    }

    private int call(int fd, long request) {
        return UserfaultfdLibrary.ioctl(fd, request, address());
    }

    private long address() {
        return Pointer.nativeValue(argument);
    }

    @Override
    public void close() {
        DescriptorLibrary.close(userfaultfd);
        DescriptorLibrary.close(pagemap);
    }
}
