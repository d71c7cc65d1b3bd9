package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Gives a waiting QEMU its device state as an incoming migration without RAM. QEMU listens on a
 * unix socket and reads the stream from there: 2 ms for a small guest, where starting {@code cat}
 * for it costs 6.
 *
 * <p>QEMU reports the end of a load after it has become {@code paused}, or exits if it cannot.
 */
final class DeviceStateLoader {
    private final Monitor monitor;
    private final Path socket;
    private final CompletableFuture<String> outcome = new CompletableFuture<>();

    /** Prepares loading: events that tell how it ended must be asked for. */
    DeviceStateLoader(Monitor monitor, Path socket) {
        this.monitor = monitor;
        this.socket = socket;
        monitor.onEvent(this::onEvent);
        monitor.onClosed(reason -> outcome.complete("QEMU is gone"));
        monitor.execute(
                "migrate-set-capabilities",
                Map.of("capabilities", List.of(Map.of("capability", "events", "state", true))));
    }

    private void onEvent(JsonNode event) {
        String status = event.path("data").path("status").asText();
        if (event.path("event").asText().equals("MIGRATION")
                && (status.equals("completed") || status.equals("failed"))) {
            outcome.complete(status);
        }
    }

    /**
     * Loads; the guest is paused and complete afterwards.
     *
     * @throws IOException says why it is not
     */
    void load(ByteBuffer state, long timeoutNanos) throws IOException {
        long start = System.nanoTime();
        monitor.execute("migrate-incoming", Map.of("uri", "unix:" + socket));
        try (SocketChannel stream = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            stream.connect(UnixDomainSocketAddress.of(socket));
            Executor limit = CompletableFuture.delayedExecutor(timeoutNanos, TimeUnit.NANOSECONDS);
            CompletableFuture<Void> watchdog =
                    CompletableFuture.runAsync(() -> closeQuietly(stream), limit);
            while (state.hasRemaining()) {
                stream.write(state);
            }
            stream.shutdownOutput();
            String ended =
                    outcome.get(timeoutNanos - (System.nanoTime() - start), TimeUnit.NANOSECONDS);
            watchdog.cancel(false);
            if (!ended.equals("completed")) {
                throw new IOException("loading ended: " + ended);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IOException(e);
        } catch (TimeoutException e) {
            throw new IOException(
                    "loading takes longer than " + timeoutNanos / 1_000_000 + " ms", e);
        } finally {
            Files.deleteIfExists(socket);
        }
    }

    /** A write to a QEMU that takes nothing ends by this. */
    private static void closeQuietly(SocketChannel stream) {
        try {
            stream.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
