package remus.domain.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;

/**
 * Sockets of another process: unix(7), socket(7), pidfd_getfd(2).
 *
 * <p>SAFETY: buffers must be at least as long as the length passed with them, and stay reachable
 * during the call. Descriptors returned belong to the caller, who closes each exactly once.
 */
final class SocketLibrary {
    static final int SOL_SOCKET = 1;
    static final int SO_SNDBUF = 7;
    static final int SO_SNDBUFFORCE = 32;
    static final long PIDFD_OPEN = 434;
    static final long PIDFD_GETFD = 438;

    static {
        Native.register(SocketLibrary.class, "c");
    }

    private SocketLibrary() {}

    static native long syscall(long number, long first, long second, long third)
            throws LastErrorException;

    static native int getpeername(int fd, Pointer address, IntByReference lengthBytes)
            throws LastErrorException;

    static native int setsockopt(
            int fd, int level, int option, IntByReference value, int valueBytes)
            throws LastErrorException;

    static native int getsockopt(
            int fd, int level, int option, IntByReference value, IntByReference valueBytes)
            throws LastErrorException;

    static native int close(int fd) throws LastErrorException;
}
