package remus.testkit.e2e;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.jna.Native;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Counts up in Redis over ONE TCP connection from the client's network and checks every reply: the
 * judge of output commit, that believes nothing but what it was told.
 */
final class CountingClient implements AutoCloseable {
    private static final int NEW_NETWORK = 0x40000000;
    private static final int SILENCE_LIMIT_MILLIS = 30_000;

    static {
        Native.register(CountingClient.class, "c");
    }

    private final String namespace;
    private final InetSocketAddress address;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile long value;
    private volatile long longestGapNanos;
    private volatile boolean stopping;
    private volatile @Nullable Exception failure;

    private CountingClient(String namespace, String address) {
        this.namespace = namespace;
        this.address = new InetSocketAddress(address, 6379);
    }

    private static native int open(String path, int flags);

    private static native int close(int descriptor);

    private static native int setns(int descriptor, int kind);

    /** Returns when the first reply is there. */
    static CountingClient start(String namespace, String address) {
        CountingClient client = new CountingClient(namespace, address);
        inThread(client::run);
        client.awaitMore(1);
        return client;
    }

    private static Thread inThread(Runnable task) {
        Thread thread = new Thread(task, "client");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** A socket of this thread belongs to the client's network from here on. */
    private void enterNetwork() throws IOException {
        int descriptor = open(namespace, 0);
        int entered = descriptor < 0 ? -1 : setns(descriptor, NEW_NETWORK);
        if (descriptor >= 0) {
            close(descriptor);
        }
        if (entered != 0) {
            throw new IOException(namespace + " cannot be entered");
        }
    }

    private static Socket connect(InetSocketAddress address) throws IOException {
        Socket socket = new Socket();
        socket.connect(address, SILENCE_LIMIT_MILLIS);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(SILENCE_LIMIT_MILLIS);
        return socket;
    }

    private void run() {
        try {
            enterNetwork();
            try (Socket socket = connect(address)) {
                InputStream in = new BufferedInputStream(socket.getInputStream());
                long before = System.nanoTime();
                long first = -1;
                while (!stopping) {
                    long reply = ask(socket.getOutputStream(), in, "INCR promises\r\n");
                    if (first < 0) {
                        first = reply;
                    } else if (reply != value + 1) {
                        throw new IOException(
                                "reply " + reply + " (expected: " + (value + 1) + ")");
                    }
                    value = reply;
                    long now = System.nanoTime();
                    longestGapNanos = Math.max(longestGapNanos, now - before);
                    before = now;
                }
            }
        } catch (IOException | RuntimeException e) {
            failure = e;
        } finally {
            ended.countDown();
        }
    }

    private static long ask(OutputStream out, InputStream in, String command) throws IOException {
        out.write(command.getBytes(US_ASCII));
        String line = line(in);
        if (!line.startsWith(":")) {
            throw new IOException("Redis answered " + line + " (expected: a number)");
        }
        return Long.parseLong(line.substring(1));
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        int next;
        while ((next = in.read()) != '\n') {
            if (next < 0 || line.length() > 100) {
                throw new IOException("the connection was closed after '" + line + "'");
            }
            line.append((char) next);
        }
        return line.toString().trim();
    }

    long value() {
        return value;
    }

    long longestGapMillis() {
        return longestGapNanos / 1_000_000;
    }

    void forgetGap() {
        longestGapNanos = 0;
    }

    /** The same connection goes on. */
    void awaitMore(int replies) {
        long goal = value + replies;
        await("reply " + goal)
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> value >= goal || failure != null);
        assertSound();
    }

    /** Every reply so far was the one before plus one. */
    void assertSound() {
        assertThat(failure).as("the connection, after %d", value).isNull();
    }

    /** Ends, and holds what Redis has now against what this client was told. */
    void assertNothingLost() {
        stopping = true;
        try {
            assertThat(ended.await(40, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        assertSound();
        assertThat(readBack()).as("what Redis has, against what it has told").isEqualTo(value);
    }

    /** The counter as a new connection sees it. */
    long readBack() {
        return value(address.getHostString());
    }

    /** The counter as a new connection to some Redis sees it; 0 if there is none. */
    long value(String host) {
        String reply = tell(host, "GET promises");
        return reply.equals("$-1") ? 0 : Long.parseLong(reply);
    }

    /** One command over a new connection from the client's network; the reply's text. */
    String tell(String host, String command) {
        FutureTask<String> task =
                new FutureTask<>(
                        () -> {
                            enterNetwork();
                            try (Socket socket = connect(new InetSocketAddress(host, 6379))) {
                                socket.getOutputStream()
                                        .write((command + "\r\n").getBytes(US_ASCII));
                                InputStream in = socket.getInputStream();
                                String line = line(in);
                                boolean text = line.startsWith("$") && !line.equals("$-1");
                                return text ? line(in) : line;
                            }
                        });
        inThread(task);
        try {
            return task.get(SILENCE_LIMIT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError(command + " of " + host, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        stopping = true;
    }
}
