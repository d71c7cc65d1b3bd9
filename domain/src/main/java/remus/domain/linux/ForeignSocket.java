package remus.domain.linux;

import static remus.domain.linux.DescriptorLibrary.SYS_PIDFD_GETFD;
import static remus.domain.linux.DescriptorLibrary.SYS_PIDFD_OPEN;
import static remus.domain.linux.SocketLibrary.SOL_SOCKET;
import static remus.domain.linux.SocketLibrary.SO_SNDBUF;
import static remus.domain.linux.SocketLibrary.SO_SNDBUFFORCE;

import com.sun.jna.Memory;
import com.sun.jna.ptr.IntByReference;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Sets up a socket at its other end, in another process: the descriptor is borrowed with
 * pidfd_getfd(2), which needs the right to ptrace that process.
 */
public final class ForeignSocket {
    private static final int AF_UNIX = 1;
    private static final int SOCKADDR_BYTES = 110;
    private static final int PATH_OFFSET = 2;

    private ForeignSocket() {}

    /**
     * Sets the send buffer of every unix socket of process {@code pid} that is connected to {@code
     * peer}, beyond the host's limit where the caller may (CAP_NET_ADMIN).
     *
     * @param bytes the kernel counts its own overhead of several hundred bytes per write against it
     * @return the smallest send buffer now in force, as the kernel accounts it; 0 if there is no
     *     such socket
     * @throws IOException if the process or its descriptors cannot be looked into
     */
    public static int raiseSendBuffers(long pid, Path peer, int bytes) throws IOException {
        int process = (int) DescriptorLibrary.syscall(SYS_PIDFD_OPEN, pid, 0, 0);
        if (process < 0) {
            throw failed("pidfd_open " + pid);
        }
        int smallest = 0;
        try {
            for (int remote : socketsOf(pid)) {
                int now = raiseIfConnectedTo(peer, process, remote, bytes);
                smallest = now > 0 && smallest > 0 ? Math.min(now, smallest) : smallest + now;
            }
        } finally {
            DescriptorLibrary.close(process);
        }
        return smallest;
    }

    private static IOException failed(String what) {
        return new IOException(Errno.describe(what, Errno.last()));
    }

    private static List<Integer> socketsOf(long pid) throws IOException {
        List<Integer> sockets = new ArrayList<>();
        try (DirectoryStream<Path> entries =
                Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
            for (Path entry : entries) {
                if (Files.isSymbolicLink(entry)
                        && Files.readSymbolicLink(entry).toString().startsWith("socket:")) {
                    sockets.add(Integer.valueOf(entry.getFileName().toString()));
                }
            }
        }
        return sockets;
    }

    private static int raiseIfConnectedTo(Path peer, int process, int remote, int bytes)
            throws IOException {
        int fd = (int) DescriptorLibrary.syscall(SYS_PIDFD_GETFD, process, remote, 0);
        if (fd < 0) {
            if (Errno.last() == Errno.EBADF) {
                return 0; // closed since it was listed
            }
            throw failed("pidfd_getfd " + remote);
        }
        try {
            return peer.toString().equals(peerPath(fd)) ? raise(fd, bytes) : 0;
        } finally {
            DescriptorLibrary.close(fd);
        }
    }

    /** Where the socket is connected to; "" for one that is not, or not to a path. */
    private static String peerPath(int fd) {
        try (Memory address = new Memory(SOCKADDR_BYTES)) {
            address.clear();
            IntByReference length = new IntByReference(SOCKADDR_BYTES - 1);
            return SocketLibrary.getpeername(fd, address, length) == 0
                            && address.getShort(0) == AF_UNIX
                    ? address.getString(PATH_OFFSET, StandardCharsets.UTF_8.name())
                    : "";
        }
    }

    private static int raise(int fd, int bytes) throws IOException {
        IntByReference value = new IntByReference(bytes);
        // without CAP_NET_ADMIN: as much as net.core.wmem_max allows
        if (SocketLibrary.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, value, Integer.BYTES) < 0
                && SocketLibrary.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, value, Integer.BYTES) < 0) {
            throw failed("send buffer of " + bytes + " bytes");
        }
        IntByReference length = new IntByReference(Integer.BYTES);
        if (SocketLibrary.getsockopt(fd, SOL_SOCKET, SO_SNDBUF, value, length) < 0) {
            throw failed("send buffer");
        }
        return value.getValue();
    }
}
