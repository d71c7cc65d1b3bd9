package remus.domain.qemu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;

/**
 * A QMP connection over a unix socket: one reader thread; commands are written from the thread that
 * wants them, and the reader wakes that thread directly.
 *
 * <p>Between {@code stop} and {@code cont} a guest waits for every microsecond spent here, so there
 * is a lean way beside {@link #execute}: commands encoded beforehand, several in one write, and,
 * from {@link #beginLap} to {@link #endLap}, answers read by the very thread that waits for them,
 * which saves waking it by another. QEMU reads a monitor byte by byte (1.4 µs each), so a short
 * command is a fast one.
 *
 * <p>An interrupt does not close the connection: a guest may be waiting for its {@code cont}.
 */
public final class QmpClient implements Monitor {
    /** How long a command may take unless told otherwise. */
    public static final long DEFAULT_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final long GREETING_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path socket;
    private final long timeoutNanos;
    private final SocketChannel channel;
    private final Selector readable;
    private final Selector readableInLap;
    private final QmpLines lines = new QmpLines();

    /** Held by whoever reads the channel. */
    private final Semaphore reading = new Semaphore(1);

    private final ConcurrentLinkedQueue<Pending> unanswered = new ConcurrentLinkedQueue<>();
    private final List<Consumer<JsonNode>> eventListeners = new CopyOnWriteArrayList<>();
    private final List<Consumer<String>> closedListeners = new CopyOnWriteArrayList<>();
    private final Object writing = new Object();
    private final Object closing = new Object();
    private volatile @Nullable String closedBecause;

    private QmpClient(Path socket, long timeoutNanos) throws IOException {
        this.socket = socket;
        this.timeoutNanos = timeoutNanos;
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        readable = Selector.open();
        readableInLap = Selector.open();
    }

    /** Connects with {@link #DEFAULT_TIMEOUT_NANOS}. */
    public static QmpClient connect(Path socket) {
        return connect(socket, DEFAULT_TIMEOUT_NANOS);
    }

    /**
     * Connects and negotiates.
     *
     * @param timeoutNanos how long each command may take
     * @throws DomainException {@code no-monitor} if nothing listens there, {@code monitor-busy} if
     *     something does but another client is being served
     */
    @SuppressWarnings("ThreadPriorityCheck") // only shortens pauses; nothing relies on it
    public static QmpClient connect(Path socket, long timeoutNanos) {
        QmpClient client;
        try {
            client = new QmpClient(socket, timeoutNanos);
        } catch (IOException e) {
            throw noMonitor(socket, e);
        }
        Pending greeting = new Pending("the greeting");
        client.unanswered.add(greeting);
        Thread reader = new Thread(() -> client.run(greeting), "qmp-" + socket.getFileName());
        reader.setDaemon(true);
        reader.setPriority(Thread.MAX_PRIORITY); // a suspended guest waits for what it reads
        reader.start();
        try {
            JsonNode hello = greeting.await(GREETING_TIMEOUT_NANOS);
            if (!hello.has("version")) {
                throw noMonitor(socket, new IOException("it does not speak QMP"));
            }
            client.execute("qmp_capabilities");
        } catch (DomainException e) {
            client.close();
            throw e.code().equals("qmp-timeout") ? busy(socket, e) : e;
        }
        return client;
    }

    private static DomainException noMonitor(Path socket, Exception cause) {
        return new DomainException(
                "no-monitor",
                "no QEMU monitor answers at " + socket + ": " + cause.getMessage(),
                "start the VM with -qmp unix:PATH,server=on,wait=off and name that path",
                cause);
    }

    private static DomainException busy(Path socket, DomainException cause) {
        return new DomainException(
                "monitor-busy",
                "the monitor at " + socket + " accepts, but does not greet: it serves one client",
                "give the VM a second -qmp socket for this agent, or close the other client",
                cause);
    }

    /** A command as it is sent, for {@link #submit}. */
    static byte[] encode(String command, Map<String, ?> arguments) {
        ObjectNode message = JSON.createObjectNode().put("execute", command);
        if (!arguments.isEmpty()) {
            message.set("arguments", JSON.valueToTree(arguments));
        }
        try {
            return JSON.writeValueAsBytes(message);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a QMP command: " + message, e);
        }
    }

    @Override
    public JsonNode execute(String command, Map<String, ?> arguments) {
        Pending pending = new Pending(command);
        submit(encode(command, arguments), pending);
        return await(pending);
    }

    /**
     * Sends commands in one write. They are executed in order.
     *
     * @param encoded as many commands, one after the other, as there are {@code answers}
     * @throws DomainException {@code qmp-closed}; whether QEMU executes them is then unknown
     */
    void submit(byte[] encoded, Pending... answers) {
        boolean interrupted = Thread.interrupted();
        synchronized (writing) {
            for (Pending pending : answers) {
                unanswered.add(pending);
            }
            try {
                ByteBuffer out = ByteBuffer.wrap(encoded);
                long start = System.nanoTime();
                while (out.hasRemaining() && closedBecause == null) {
                    if (channel.write(out) == 0 && System.nanoTime() - start > timeoutNanos) {
                        end("QEMU reads no commands any more");
                    }
                }
            } catch (IOException e) {
                end("writing failed: " + e);
            }
        }
        String reason = closedBecause;
        if (reason != null) {
            failUnanswered(reason);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for one answer. */
    JsonNode await(Pending pending) {
        return pending.await(timeoutNanos);
    }

    /** Waits for one answer with a time limit of its own. */
    JsonNode await(Pending pending, long limitNanos) {
        return pending.await(limitNanos);
    }

    @Override
    public void onEvent(Consumer<JsonNode> listener) {
        eventListeners.add(listener);
    }

    @Override
    public void removeEventListener(Consumer<JsonNode> listener) {
        eventListeners.remove(listener);
    }

    @Override
    public void onClosed(Consumer<String> listener) {
        String reason;
        synchronized (closing) {
            reason = closedBecause;
            if (reason == null) {
                closedListeners.add(listener);
            }
        }
        if (reason != null) {
            listener.accept(reason);
        }
    }

    /** Whether the connection has ended. */
    boolean isClosed() {
        return closedBecause != null;
    }

    @Override
    public void close() {
        end("closed by us");
    }

    private void run(Pending greeting) {
        String reason = "the reader ended";
        try {
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
            } catch (IOException | IllegalArgumentException e) {
                unanswered.remove(greeting);
                greeting.fail(noMonitor(socket, e));
                return;
            }
            channel.configureBlocking(false);
            channel.register(readableInLap, SelectionKey.OP_READ);
            channel.register(readable, SelectionKey.OP_READ);
            do {
                readable.select();
                readable.selectedKeys().clear();
                reading.acquireUninterruptibly();
                try {
                    readWhatCame();
                } finally {
                    reading.release();
                }
            } while (closedBecause == null);
        } catch (IOException | ClosedSelectorException e) {
            reason = e.toString();
        } finally {
            end(reason);
            finish();
        }
    }

    /** Only while {@link #reading} is held. */
    private void readWhatCame() throws IOException {
        for (int count = channel.read(lines.room());
                count != 0;
                count = channel.read(lines.room())) {
            if (count < 0) {
                end("QEMU closed the connection");
                return;
            }
            lines.added(count);
            for (ObjectNode line = lines.next(); line != null; line = lines.next()) {
                dispatch(line);
            }
        }
    }

    /**
     * From here on whoever calls {@link #awaitInLap} reads the answers itself. Events are then
     * delivered on its thread. Begun before the guest is suspended, as it waits for the reader.
     */
    void beginLap() {
        reading.acquireUninterruptibly();
    }

    /** Delivers what has come, without waiting; between {@link #beginLap} and {@link #endLap}. */
    void readInLap() {
        try {
            readWhatCame();
        } catch (IOException e) {
            end("reading failed: " + e);
        }
    }

    /** The reader thread reads again. */
    void endLap() {
        reading.release();
    }

    /**
     * Waits for one answer by reading the connection; between {@link #beginLap} and {@link
     * #endLap}.
     */
    JsonNode awaitInLap(Pending pending, long limitNanos) {
        long start = System.nanoTime();
        try {
            while (!pending.done() && closedBecause == null) {
                readWhatCame();
                long left = limitNanos - (System.nanoTime() - start);
                if (pending.done() || left <= 0) {
                    break;
                }
                readableInLap.select(TimeUnit.NANOSECONDS.toMillis(left) + 1);
                readableInLap.selectedKeys().clear();
            }
        } catch (IOException | ClosedSelectorException e) {
            end("reading failed: " + e);
        }
        String reason = closedBecause;
        if (reason != null) {
            failUnanswered(reason);
        }
        if (!pending.done()) {
            throw pending.timeout(limitNanos);
        }
        return pending.await(limitNanos);
    }

    private void finish() {
        String reason = String.valueOf(closedBecause);
        failUnanswered(reason);
        for (Consumer<String> listener : closedListeners) {
            listener.accept(reason);
        }
    }

    private void dispatch(ObjectNode line) throws IOException {
        JsonNode answer = line.get("return");
        if (answer == null && line.has("event")) {
            for (Consumer<JsonNode> listener : eventListeners) {
                listener.accept(line);
            }
            return;
        }
        JsonNode error = line.get("error");
        if (answer == null) {
            answer = line.get("QMP");
        }
        if (answer == null && error == null) {
            throw new IOException("neither an answer nor an event came from the monitor");
        }
        Pending pending = unanswered.poll();
        if (pending == null) {
            return; // an error that answers nothing we sent
        }
        if (answer != null) {
            pending.complete(answer);
        } else {
            pending.fail(
                    new DomainException(
                            "qmp-error",
                            pending.command() + ": " + error.path("desc").asText(),
                            "this is QEMU's own answer; its log may say more"));
        }
    }

    /** Closing the channel is what makes the reader finish. */
    private void end(String reason) {
        synchronized (closing) {
            if (closedBecause != null) {
                return;
            }
            closedBecause = reason;
        }
        try {
            channel.close();
            readable.close();
            readableInLap.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void failUnanswered(String reason) {
        Pending pending = unanswered.poll();
        while (pending != null) {
            pending.fail(
                    new DomainException(
                            "qmp-closed",
                            pending.command() + ": the monitor is gone (" + reason + ")",
                            "look whether QEMU still runs, and connect again"));
            pending = unanswered.poll();
        }
    }
}
