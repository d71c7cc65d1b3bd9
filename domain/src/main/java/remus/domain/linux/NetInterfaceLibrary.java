package remus.domain.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.Pointer;

/** Flags of network interfaces: netdevice(7). */
final class NetInterfaceLibrary {
    static final int AF_INET = 2;
    static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    static final long SIOCGIFFLAGS = 0x8913;
    static final long SIOCSIFFLAGS = 0x8914;

    static {
        Native.register(NetInterfaceLibrary.class, "c");
    }

    private NetInterfaceLibrary() {}

    static native int socket(int domain, int type, int protocol) throws LastErrorException;

    static native int close(int fd) throws LastErrorException;

    /** SAFETY: {@code ifreq} is 40 bytes, of which the first 16 are a terminated name. */
    static native int ioctl(int fd, long request, Pointer ifreq) throws LastErrorException;
}
