package remus.ha.zookeeper;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.server.DatadirCleanupManager;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;
import remus.domain.DomainException;

/**
 * A ZooKeeper server of one, for those who have no ensemble. What it has answered is on disk. It is
 * one machine: while it is away nobody takes over, and it must not share a power supply with either
 * host.
 */
public final class WitnessServer implements AutoCloseable {
    private static final int TICK_MILLIS = 500;
    private static final int CONNECTIONS = 256;
    private static final int SNAPSHOTS_KEPT = 3;
    private static final int HOURS_BETWEEN_PURGES = 1;

    private final ZooKeeperServer server;
    private final ServerCnxnFactory connections;
    private final DatadirCleanupManager cleanup;

    private final CountDownLatch closed = new CountDownLatch(1);

    private WitnessServer(
            ZooKeeperServer server, ServerCnxnFactory connections, DatadirCleanupManager cleanup) {
        this.server = server;
        this.connections = connections;
        this.cleanup = cleanup;
    }

    /**
     * Starts one.
     *
     * @param directory of its data, made if need be
     * @throws DomainException {@code witness-failed} if it cannot listen, or cannot use the
     *     directory
     */
    public static WitnessServer start(InetSocketAddress listen, Path directory) {
        try {
            Files.createDirectories(directory);
            ZooKeeperServer server =
                    new ZooKeeperServer(directory.toFile(), directory.toFile(), TICK_MILLIS);
            ServerCnxnFactory connections = new NIOServerCnxnFactory();
            connections.configure(listen, CONNECTIONS);
            connections.startup(server);
            DatadirCleanupManager cleanup =
                    new DatadirCleanupManager(
                            directory.toFile(),
                            directory.toFile(),
                            SNAPSHOTS_KEPT,
                            HOURS_BETWEEN_PURGES);
            cleanup.start();
            return new WitnessServer(server, connections, cleanup);
        } catch (IOException e) {
            throw new DomainException(
                    "witness-failed",
                    "the witness cannot start on "
                            + listen
                            + " with data in "
                            + directory
                            + ": "
                            + e,
                    "use another port with --listen or another directory with --data",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The port that it listens at. */
    public int port() {
        return connections.getLocalPort();
    }

    /** Ends it; what it has answered stays on disk. */
    @Override
    public void close() {
        cleanup.shutdown();
        connections.shutdown();
        closed.countDown();
    }

    /**
     * Waits until it has ended. Returns false if it ended by itself: it cannot write its data any
     * more.
     */
    public boolean join() throws InterruptedException {
        while (!closed.await(1, TimeUnit.SECONDS)) {
            if (!server.isRunning()) {
                return false;
            }
        }
        return true;
    }
}
