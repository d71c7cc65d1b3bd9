package remus.netbuf;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.domain.linux.ForeignSocket;
import remus.domain.linux.ProcessFiles;
import remus.domain.qemu.Monitor;

/**
 * Holds the output of one NIC of a QEMU guest in this process: two {@code filter-redirector}s in
 * the running QEMU hand over every packet that the guest sends, and put those we release on their
 * way to whatever the netdev is. ARP and IPv6 are packets like any other.
 *
 * <p>Epochs: what was read before {@code preresume} was sent before the VM stopped, so it belongs
 * to the epoch. A packet under way in the socket by then is counted to the next one: later is
 * always safe. An epoch that is never committed itself leaves with the next that is.
 *
 * <p>Death: without our end of the sockets QEMU drops what the guest sends, so its output stays
 * held; the chardevs come back within a second to an agent that attaches again. A live agent that
 * is stopped freezes the VM when the socket is full, which is why QEMU's send buffer is raised.
 * While no agent is there QEMU writes a line to its log for each packet that it drops.
 *
 * <p>Two things are not held but lost: packets that QEMU itself makes ({@code announce-self}) carry
 * no virtio-net header, so the tap refuses them after an injection; and what was released when the
 * agent dies, if QEMU has not read it yet. Released is not sent: a packet injected while the VM is
 * stopped leaves when it runs again, and QEMU keeps no more than 10,000 of them.
 */
public final class RedirectorBuffer implements NetBuffer {
    /** Limits that make sense: some packets of the longest kind, and what a ring can address. */
    private static final int MIN_LIMIT_BYTES = 128 << 10;

    /** QEMU tries to connect every second. */
    private static final long CONNECT_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final long DRAIN_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    /**
     * What QEMU may send to a stopped agent before the VM freezes. The kernel doubles it, and
     * counts some 1,500 bytes for a small packet: measured, 87,000 of them fit, instead of 140.
     */
    private static final int SEND_BUFFER_BYTES = 64 << 20;

    private static final int MAX_SOCKET_PATH_BYTES = 107;

    private final RedirectorFilters filters;
    private final long qemuPid;
    private final String netdev;
    private final Path directory;
    private final Path collectorSocket;
    private final Path injectorSocket;
    private final int limitBytes;
    private final PacketRing ring;

    private volatile Runnable pressureListener = () -> {};
    private volatile boolean discarded;
    private int sendBufferBytes;
    private @Nullable SocketChannel collected;
    private @Nullable SocketChannel injected;
    private @Nullable Collector collector;
    private @Nullable Injector injector;
    private @Nullable Thread collectorThread;
    private @Nullable Thread injectorThread;

    /**
     * @param qemuPid the QEMU process, to find out its user and to set up its end of the sockets
     * @param netdev id of the NIC's netdev
     * @param directory for the sockets; made if it is not there; the same one in every life of the
     *     agent, and writable by nobody else, but reachable for QEMU's user
     * @param limitBytes most bytes of packets that are kept, from 128 KiB
     */
    public RedirectorBuffer(
            Monitor monitor, long qemuPid, String netdev, Path directory, int limitBytes) {
        if (limitBytes < MIN_LIMIT_BYTES) {
            throw new IllegalArgumentException(
                    "limit: " + limitBytes + " bytes (expected: at least " + MIN_LIMIT_BYTES + ")");
        }
        this.filters = new RedirectorFilters(monitor, netdev);
        this.qemuPid = qemuPid;
        this.netdev = netdev;
        this.limitBytes = limitBytes;
        this.directory = directory.toAbsolutePath();
        this.collectorSocket = socket(this.directory, filters.collector());
        this.injectorSocket = socket(this.directory, filters.injector());
        this.ring = new PacketRing(limitBytes);
    }

    private static Path socket(Path directory, String name) {
        Path socket = directory.resolve(name + ".sock");
        if (socket.toString().length() > MAX_SOCKET_PATH_BYTES) {
            throw new DomainException(
                    "socket-path-too-long",
                    socket + " (expected: at most " + MAX_SOCKET_PATH_BYTES + " characters)",
                    "use a shorter run directory");
        }
        return socket;
    }

    @Override
    public void onPressure(Runnable listener) {
        pressureListener = listener;
    }

    @Override
    public void attach() {
        int uid = uidOfQemu();
        makeDirectory(uid);
        try (ChardevListener fromGuest = ChardevListener.listen(collectorSocket, uid);
                ChardevListener toNet = ChardevListener.listen(injectorSocket, uid)) {
            filters.addChardevs(collectorSocket, injectorSocket);
            // the collector first: if QEMU already holds, it is writing to this socket
            startCollector(fromGuest.accept(CONNECT_TIMEOUT_NANOS));
            startInjector(toNet.accept(CONNECT_TIMEOUT_NANOS));
            sendBufferBytes = raiseSendBuffer();
            filters.addFilters();
        } catch (IOException e) {
            DomainException failure =
                    new DomainException(
                            "netbuf-attach",
                            "netdev " + netdev + ": " + e.getMessage(),
                            "check the directory " + directory,
                            e);
            undo(failure);
            throw failure;
        } catch (RuntimeException e) {
            undo(e);
            throw e;
        }
    }

    private void undo(RuntimeException cause) {
        try {
            filters.undo();
        } catch (DomainException e) {
            cause.addSuppressed(e);
        }
        close();
    }

    private int uidOfQemu() {
        try {
            return ProcessFiles.effectiveUid(qemuPid);
        } catch (IOException e) {
            throw new DomainException(
                    "no-such-process",
                    "QEMU process " + qemuPid + ": " + e.getMessage(),
                    "check that the VM is running",
                    e);
        }
    }

    private void makeDirectory(int uid) {
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectory(
                        directory,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
                Files.setAttribute(directory, "unix:uid", uid);
            }
        } catch (IOException e) {
            throw new DomainException(
                    "netbuf-directory",
                    "cannot make " + directory + ": " + e.getMessage(),
                    "make its parent directory, or choose another run directory",
                    e);
        }
    }

    private void startCollector(SocketChannel channel) {
        collected = channel;
        collector = new Collector(channel, ring, limitBytes / 2, () -> pressureListener.run());
        collectorThread = start(collector, "netbuf-collect-" + netdev);
    }

    private void startInjector(SocketChannel channel) {
        injected = channel;
        injector = new Injector(channel, ring);
        injectorThread = start(injector, "netbuf-inject-" + netdev);
    }

    private static Thread start(Runnable role, String name) {
        Thread thread = new Thread(role, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private int raiseSendBuffer() {
        try {
            return ForeignSocket.raiseSendBuffers(qemuPid, collectorSocket, SEND_BUFFER_BYTES);
        } catch (IOException e) {
            // holds all the same; only a stopped agent is noticed by the guest sooner
            return 0;
        }
    }

    /**
     * QEMU's send buffer towards us as the kernel accounts it, in bytes; 0 if it is the default.
     */
    public int sendBufferBytes() {
        return sendBufferBytes;
    }

    /**
     * @throws DomainException {@code netbuf-broken} if packets do not come or do not leave any
     *     more; the output is held
     */
    @Override
    public void preresume(long epoch) {
        Collector reader = attached(collector);
        if (reader.ended()) {
            throw broken("come", reader.failure());
        }
        if (attached(injector).ended() && !discarded) {
            throw broken("leave", attached(injector).failure());
        }
        ring.mark(epoch);
        reader.epochEnded();
    }

    private DomainException broken(String what, @Nullable Exception cause) {
        DomainException broken =
                new DomainException(
                        "netbuf-broken",
                        "netdev "
                                + netdev
                                + ": packets do not "
                                + what
                                + " any more: "
                                + (cause == null ? "QEMU closed the stream" : cause.getMessage()),
                        "check that QEMU runs, then attach the network buffer again");
        if (cause != null) {
            broken.initCause(cause);
        }
        return broken;
    }

    @Override
    public void commit(long epoch) {
        if (!discarded) {
            ring.release(epoch);
            LockSupport.unpark(injectorThread);
        }
    }

    @Override
    public void discard() {
        discarded = true;
        if (collector != null) {
            collector.discard();
        }
        if (injector != null) {
            injector.discard();
        }
        LockSupport.unpark(injectorThread);
    }

    /**
     * The collecting filter goes first, then everything held is injected, then the rest goes. The
     * guest's next packets may overtake the last ones held, unless it is suspended meanwhile.
     *
     * @throws DomainException {@code netbuf-detach} if QEMU does not take the packets in time; may
     *     be repeated
     */
    @Override
    public void detach() {
        if (collector == null) {
            return; // never attached
        }
        Collector reader = attached(collector);
        Injector writer = attached(injector);
        filters.removeCollector();
        await(reader::ended, "did not close the collected stream");
        if (!discarded) {
            ring.releaseAll();
            writer.finish();
            LockSupport.unpark(injectorThread);
            await(writer::ended, "did not read the packets released");
            if (writer.failure() == null) {
                await(filters::injectorDrained, "did not read the injected stream to its end");
            }
        }
        filters.removeInjector();
        close();
    }

    private void await(BooleanSupplier done, String problem) {
        long deadline = System.nanoTime() + DRAIN_TIMEOUT_NANOS;
        while (!done.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new DomainException(
                        "netbuf-detach",
                        "netdev " + netdev + ": QEMU " + problem,
                        "check that QEMU answers, then detach again");
            }
            LockSupport.parkNanos(this, POLL_NANOS);
        }
    }

    @Override
    public void close() {
        closeQuietly(injected);
        closeQuietly(collected);
        LockSupport.unpark(injectorThread);
        join(injectorThread);
        join(collectorThread);
    }

    private static void closeQuietly(@Nullable SocketChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // Nothing is lost with it: the kernel closes the descriptor whatever it says.
            return;
        }
    }

    private static void join(@Nullable Thread thread) {
        try {
            if (thread != null) {
                thread.join(TimeUnit.NANOSECONDS.toMillis(DRAIN_TIMEOUT_NANOS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static <T> T attached(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("not attached");
        }
        return part;
    }

    @Override
    public Stats stats() {
        Collector reader = collector;
        long dropped = reader == null ? 0 : reader.droppedPackets();
        long discardedAfter = reader == null ? 0 : reader.discardedPackets();
        long held = ring.heldPackets();
        return discarded
                ? new Stats(0, 0, ring.releasedPackets(), dropped, discardedAfter + held)
                : new Stats(ring.heldBytes(), held, ring.releasedPackets(), dropped, 0);
    }
}
