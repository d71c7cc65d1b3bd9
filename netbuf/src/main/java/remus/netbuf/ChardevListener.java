package remus.netbuf;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.concurrent.TimeUnit;
import jdk.net.ExtendedSocketOptions;
import remus.domain.DomainException;

/**
 * Waits at a unix socket for one of QEMU's chardevs. Only the user that QEMU runs as may connect.
 *
 * <p>Open no longer than it takes: a connection waiting in the backlog is a socket that QEMU writes
 * to and nobody reads, which would stop the VM.
 */
final class ChardevListener implements AutoCloseable {
    private final Path path;
    private final UserPrincipal peer;
    private final ServerSocketChannel server;

    private ChardevListener(Path path, UserPrincipal peer, ServerSocketChannel server) {
        this.path = path;
        this.peer = peer;
        this.server = server;
    }

    /**
     * Listens at {@code path}, replacing what an earlier life of this agent left there. The
     * directory must keep others out until the socket's mode and owner are set.
     *
     * @param uid the user that QEMU runs as
     */
    static ChardevListener listen(Path path, int uid) throws IOException {
        Files.deleteIfExists(path);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(path), 1);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            Files.setAttribute(path, "unix:uid", uid);
            server.configureBlocking(false);
            return new ChardevListener(path, Files.getOwner(path), server);
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /**
     * Waits until QEMU is connected.
     *
     * @throws DomainException {@code netbuf-not-connected} if it does not within the time
     */
    SocketChannel accept(long timeoutNanos) throws IOException {
        long deadline = System.nanoTime() + timeoutNanos;
        try (Selector selector = Selector.open()) {
            server.register(selector, SelectionKey.OP_ACCEPT);
            for (long left = timeoutNanos; left > 0; left = deadline - System.nanoTime()) {
                selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
                selector.selectedKeys().clear();
                SocketChannel connection = server.accept();
                if (connection == null) {
                    continue;
                }
                if (connection.getOption(ExtendedSocketOptions.SO_PEERCRED).user().equals(peer)) {
                    return connection;
                }
                connection.close();
            }
        }
        throw new DomainException(
                "netbuf-not-connected",
                "QEMU (expected: running as user " + peer + ") did not connect to " + path,
                "check that this user can reach the directory, and that the network buffer of this"
                        + " VM was not attached with another one");
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(path);
    }
}
