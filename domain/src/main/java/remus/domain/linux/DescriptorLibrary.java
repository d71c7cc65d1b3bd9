package remus.domain.linux;

import com.sun.jna.Native;

/**
 * File descriptors, by number.
 *
 * <p>SAFETY: {@code close} only what came from here and was not closed yet, else it hits a
 * descriptor of the JVM. {@code syscall} takes plain numbers only here. {@code path} ends with a
 * NUL, which JNA appends to a String. {@code poll} takes the address of {@code count} structs
 * pollfd of 8 bytes.
 */
public final class DescriptorLibrary {
    /** pidfd_open(pid, flags). */
    public static final long SYS_PIDFD_OPEN = 434;

    /** pidfd_getfd(pidfd, fd, flags). */
    public static final long SYS_PIDFD_GETFD = 438;

    /** O_RDONLY, O_CLOEXEC. */
    public static final int OPEN_READ = 0x80000;

    static {
        Native.register(DescriptorLibrary.class, "c");
    }

    private DescriptorLibrary() {}

    /** A descriptor, or -1 with errno. */
    public static native int open(String path, int flags);

    /** 0, or -1 with errno. */
    public static native int close(int fd);

    /** What the call returns, or -1 with errno. */
    public static native long syscall(long number, long a, long b, long c);

    /** Descriptors that are ready, 0 at the time limit, or -1 with errno. */
    public static native int poll(long descriptors, long count, int timeoutMillis);
}
