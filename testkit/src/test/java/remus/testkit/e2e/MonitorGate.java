package remus.testkit.e2e;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Stands between an agent and its VM's monitor, passes on what they say, and kills the agent at a
 * chosen word of the conversation: that is how a test hits one phase of a lap and no other.
 */
final class MonitorGate implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(MonitorGate.class.getName());
    private final Path real;
    private final ServerSocketChannel server;
    private final AtomicReference<@Nullable Trap> trap = new AtomicReference<>();

    /** When the agent dies. */
    enum When {
        /** The command is not passed on. */
        BEFORE,
        /** QEMU has executed it; the agent never learns. */
        UNANSWERED,
        /** The agent has the answer, and not yet sent its next command. */
        ANSWERED
    }

    /**
     * @param answer what QEMU says once it has executed the command
     */
    private record Trap(
            String command, String answer, When when, ProcessHandle agent, AtomicLong diedAt) {
        String word() {
            return "\"execute\":\"" + command + "\"";
        }

        void kill() {
            agent.destroyForcibly();
            diedAt.compareAndSet(0, System.nanoTime());
        }
    }

    private MonitorGate(Path real, ServerSocketChannel server) {
        this.real = real;
        this.server = server;
        inThread(this::accept);
    }

    /** At a monitor's path, before anybody has connected to it. */
    static MonitorGate before(Path socket) {
        try {
            Path real = socket.resolveSibling(socket.getFileName() + ".real");
            Files.move(socket, real);
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket));
            return new MonitorGate(real, server);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Kills an agent at its next command of this name.
     *
     * @param answer what QEMU says once it has executed that
     * @return the instant, by {@link System#nanoTime}
     */
    long kill(long agent, String command, String answer, When when) {
        ProcessHandle handle = ProcessHandle.of(agent).orElseThrow();
        Trap set = new Trap(command, answer, when, handle, new AtomicLong());
        trap.set(set);
        await("the agent's " + command)
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(1))
                .until(() -> set.diedAt().get() != 0);
        handle.onExit().join();
        return set.diedAt().get();
    }

    private static void inThread(Runnable task) {
        Thread thread = new Thread(task, "monitor-gate");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                SocketChannel agent = server.accept();
                new Conversation(agent, SocketChannel.open(UnixDomainSocketAddress.of(real)));
            }
        } catch (IOException closed) {
            LOG.log(System.Logger.Level.DEBUG, "the gate is closed", closed);
        }
    }

    /** Hears a piece of what one side says. Each writes its messages in one piece. */
    private interface Ear {
        void hear(String piece, ByteBuffer bytes) throws IOException;
    }

    /** One life of the agent and QEMU, until one of both is gone; then both are. */
    private final class Conversation {
        private final SocketChannel agent;
        private final SocketChannel qemu;
        private volatile @Nullable Trap sprung;

        Conversation(SocketChannel agent, SocketChannel qemu) {
            this.agent = agent;
            this.qemu = qemu;
            inThread(() -> pump(agent, this::fromAgent));
            inThread(() -> pump(qemu, this::fromQemu));
        }

        private void pump(SocketChannel from, Ear ear) {
            ByteBuffer bytes = ByteBuffer.allocate(64 << 10);
            try (agent;
                    qemu) {
                while (from.read(bytes.clear()) >= 0) {
                    bytes.flip();
                    ear.hear(ISO_8859_1.decode(bytes.duplicate()).toString(), bytes);
                }
            } catch (IOException gone) {
                LOG.log(System.Logger.Level.DEBUG, "a monitor's connection ended", gone);
            }
        }

        private void fromAgent(String piece, ByteBuffer bytes) throws IOException {
            Trap set = trap.get();
            if (set != null && piece.contains(set.word()) && trap.compareAndSet(set, null)) {
                if (set.when() == When.BEFORE) {
                    set.kill();
                    return;
                }
                sprung = set;
            }
            qemu.write(bytes);
        }

        private void fromQemu(String piece, ByteBuffer bytes) throws IOException {
            Trap set = sprung;
            if (set == null || set.when() == When.ANSWERED) {
                agent.write(bytes);
            }
            if (set != null && piece.contains(set.answer())) {
                set.kill();
            }
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
