package remus.domain.linux;

import com.sun.jna.Native;

/**
 * userfaultfd(2) and ioctl_userfaultfd(2), and PAGEMAP_SCAN of /proc/PID/pagemap: with asynchronous
 * write protection the kernel resolves write faults by itself and remembers which pages were
 * written (Documentation/admin-guide/mm/pagemap.rst, Linux 6.7).
 *
 * <p>SAFETY: {@code argument} is the address of a writable struct of the size that the request
 * names: uffdio_api 24, uffdio_register 32, uffdio_range 16, pm_scan_arg 96 bytes, and the vector
 * of the last has room for its {@code vec_len} elements of 24 bytes. Registering write protection
 * changes nothing in the other process but the time of a first write.
 */
final class UserfaultfdLibrary {
    static final long UFFDIO_API = 0xc018aa3fL;
    static final long UFFDIO_REGISTER = 0xc020aa00L;
    static final long UFFDIO_UNREGISTER = 0x8010aa01L;
    static final long PAGEMAP_SCAN = 0xc0606610L;

    static final long API = 0xaa;

    /** PAGEFAULT_FLAG_WP, WP_HUGETLBFS_SHMEM, WP_UNPOPULATED, WP_ASYNC. */
    static final long FEATURES = 1 | 1 << 12 | 1 << 13 | 1 << 15;

    static final long REGISTER_MODE_WP = 2;

    /** O_CLOEXEC, O_NONBLOCK, UFFD_USER_MODE_ONLY: the last is what an ordinary user may. */
    static final long OPEN_FLAGS = 0x80000 | 0x800 | 1;

    static final long SYS_USERFAULTFD = 323;
    static final long SYS_CLOSE = 3;

    /** PM_SCAN_CHECK_WPASYNC. */
    static final long SCAN_CHECK = 2;

    /** PM_SCAN_WP_MATCHING, PM_SCAN_CHECK_WPASYNC. */
    static final long SCAN_AND_PROTECT = 3;

    static final long PAGE_IS_WRITTEN = 2;

    static {
        Native.register(UserfaultfdLibrary.class, "c");
    }

    private UserfaultfdLibrary() {}

    static native int ioctl(int fd, long request, long argument);
}
