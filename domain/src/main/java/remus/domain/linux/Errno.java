package remus.domain.linux;

import com.sun.jna.Native;

/**
 * What the last failed system call of this thread said. JNA keeps errno for each thread directly
 * after a direct-mapped call returns, before the JVM can overwrite it; a native method that throws
 * LastErrorException would also fail where a successful call leaves errno set.
 */
public final class Errno {
    /** Operation not permitted. */
    public static final int EPERM = 1;

    /** No such process. */
    public static final int ESRCH = 3;

    /** Interrupted. */
    public static final int EINTR = 4;

    /** Not a file descriptor. */
    public static final int EBADF = 9;

    /** Held by somebody else. */
    public static final int EBUSY = 16;

    /** Not understood by this kernel. */
    public static final int EINVAL = 22;

    /** Not an ioctl of this file. */
    public static final int ENOTTY = 25;

    /** No such system call. */
    public static final int ENOSYS = 38;

    private Errno() {}

    /** The number that the last call of this thread left. */
    public static int last() {
        return Native.getLastError();
    }

    /** {@code what: errno 1}, for messages. */
    public static String describe(String what, int errno) {
        String name =
                switch (errno) {
                    case EPERM -> "operation not permitted";
                    case ESRCH -> "no such process";
                    case EBUSY -> "busy";
                    case EINVAL -> "invalid argument";
                    case ENOSYS, ENOTTY -> "not known to this kernel";
                    default -> "error " + errno;
                };
        return what + ": " + name + " (errno " + errno + ")";
    }
}
