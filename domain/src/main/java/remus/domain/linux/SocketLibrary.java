package remus.domain.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;

/**
 * Sockets: unix(7), socket(7).
 *
 * <p>SAFETY: {@code address} is at least as long as the length passed with it; {@code value} is an
 * int and its length 4.
 */
final class SocketLibrary {
    static final int SOL_SOCKET = 1;
    static final int SO_SNDBUF = 7;
    static final int SO_SNDBUFFORCE = 32;

    static {
        Native.register(SocketLibrary.class, "c");
    }

    private SocketLibrary() {}

    /** 0, or -1 with errno. */
    static native int getpeername(int fd, Pointer address, IntByReference lengthBytes);

    /** 0, or -1 with errno. */
    static native int setsockopt(
            int fd, int level, int option, IntByReference value, int valueBytes);

    /** 0, or -1 with errno. */
    static native int getsockopt(
            int fd, int level, int option, IntByReference value, IntByReference valueBytes);
}
