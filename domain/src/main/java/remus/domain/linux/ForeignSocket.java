package remus.domain.linux;

import com.sun.jna.LastErrorException;
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
    private static final int EBADF = 9;
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
        int smallest = 0;
        try {
            int process = (int) SocketLibrary.syscall(SocketLibrary.PIDFD_OPEN, pid, 0, 0);
            try {
                for (int remote : socketsOf(pid)) {
                    int now = raiseIfConnectedTo(peer, process, remote, bytes);
                    smallest = now > 0 && smallest > 0 ? Math.min(now, smallest) : smallest + now;
                }
            } finally {
                SocketLibrary.close(process);
            }
        } catch (LastErrorException e) {
            throw new IOException("sockets of process " + pid + ": " + e.getMessage(), e);
        }
        return smallest;
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

    private static int raiseIfConnectedTo(Path peer, int process, int remote, int bytes) {
        int fd;
        try {
            fd = (int) SocketLibrary.syscall(SocketLibrary.PIDFD_GETFD, process, remote, 0);
        } catch (LastErrorException e) {
            if (e.getErrorCode() == EBADF) {
                return 0; // closed since it was listed
            }
            throw e;
        }
        try {
            return peer.toString().equals(peerPath(fd)) ? raise(fd, bytes) : 0;
        } finally {
            SocketLibrary.close(fd);
        }
    }

    private static String peerPath(int fd) {
        try (Memory address = new Memory(SOCKADDR_BYTES)) {
            address.clear();
            IntByReference length = new IntByReference(SOCKADDR_BYTES - 1);
            SocketLibrary.getpeername(fd, address, length);
            return address.getShort(0) == AF_UNIX
                    ? address.getString(PATH_OFFSET, StandardCharsets.UTF_8.name())
                    : "";
        } catch (LastErrorException e) {
            return ""; // ENOTCONN: a listening socket, or a datagram one
        }
    }

    private static int raise(int fd, int bytes) {
        IntByReference value = new IntByReference(bytes);
        try {
            SocketLibrary.setsockopt(
                    fd, SocketLibrary.SOL_SOCKET, SocketLibrary.SO_SNDBUFFORCE, value, 4);
        } catch (LastErrorException e) {
            // not CAP_NET_ADMIN: as much as net.core.wmem_max allows
            SocketLibrary.setsockopt(
                    fd, SocketLibrary.SOL_SOCKET, SocketLibrary.SO_SNDBUF, value, 4);
        }
        SocketLibrary.getsockopt(
                fd,
                SocketLibrary.SOL_SOCKET,
                SocketLibrary.SO_SNDBUF,
                value,
                new IntByReference(4));
        return value.getValue();
    }
}
