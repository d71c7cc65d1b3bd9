package remus.domain.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import remus.domain.DomainException;

/**
 * A network interface of this host, switched up and down.
 *
 * @param name at most 15 bytes
 */
public record NetInterface(String name) {
    private static final int NAME_BYTES = 16;
    private static final int IFREQ_BYTES = 40;
    private static final int UP = 1;
    private static final int RUNNING = 0x40;

    /** Checks the name, which also becomes part of a path. */
    public NetInterface {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length == 0 || length >= NAME_BYTES || name.contains("/") || name.startsWith(".")) {
            throw new DomainException(
                    "no-tap",
                    "'" + name + "' cannot be the name of a network interface",
                    "give the tap interface a name of 1 to 15 characters");
        }
    }

    /** Whether there is one of this name and it is a tap (or tun). */
    public boolean isTap() {
        return Files.exists(Path.of("/sys/class/net", name, "tun_flags"));
    }

    /** Whether it is switched on. */
    public boolean isUp() {
        return (flags() & UP) != 0;
    }

    /** Whether it is switched on and something sits at its other end. */
    public boolean isRunning() {
        return (flags() & (UP | RUNNING)) == (UP | RUNNING);
    }

    /** Switches it on or off. */
    public void up(boolean up) {
        int flags = flags();
        int wanted = up ? flags | UP : flags & ~UP;
        if (wanted != flags) {
            request(NetInterfaceLibrary.SIOCSIFFLAGS, wanted);
        }
    }

    private int flags() {
        return request(NetInterfaceLibrary.SIOCGIFFLAGS, 0);
    }

    private int request(long request, int flags) {
        int fd = -1;
        try (Memory ifreq = new Memory(IFREQ_BYTES)) {
            ifreq.clear();
            ifreq.setString(0, name, "UTF-8");
            ifreq.setShort(NAME_BYTES, (short) flags);
            fd =
                    NetInterfaceLibrary.socket(
                            NetInterfaceLibrary.AF_INET, NetInterfaceLibrary.SOCK_DGRAM_CLOEXEC, 0);
            NetInterfaceLibrary.ioctl(fd, request, ifreq);
            return Short.toUnsignedInt(ifreq.getShort(NAME_BYTES));
        } catch (LastErrorException e) {
            throw new DomainException(
                    "no-tap",
                    "network interface "
                            + name
                            + " cannot be examined or switched: "
                            + e.getMessage(),
                    "make the tap interface, and run the agent as root",
                    e);
        } finally {
            if (fd >= 0) {
                NetInterfaceLibrary.close(fd);
            }
        }
    }
}
