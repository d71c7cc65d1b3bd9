package remus.netbuf;

import static org.assertj.core.api.Assertions.assertThat;
import static remus.netbuf.GuestLab.until;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import remus.domain.linux.ForeignSocket;

/**
 * An agent that lives and does not read, as SIGSTOP makes one: QEMU's main loop blocks once the
 * socket is full, and with it the whole VM. How much fits before that, and that the guest goes on
 * as soon as it is read again.
 */
@Timeout(180)
final class StoppedAgentNetnsIT {
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int SEND_BUFFER_BYTES = 64 << 20;

    private static GuestLab lab;

    private Path collectorSocket;
    private RedirectorFilters filters;
    private SocketChannel collected;
    private SocketChannel injected;

    @BeforeAll
    static void boot(@TempDir Path directory) throws IOException {
        lab = new GuestLab(directory);
        Files.createDirectory(lab.sockets());
        GuestLab.setMode(lab.sockets(), "rwx--x--x");
    }

    @AfterAll
    static void shutDown() {
        if (lab != null) {
            lab.close();
        }
    }

    @BeforeEach
    void attachWithoutReading() throws IOException {
        collectorSocket = lab.sockets().resolve("collector");
        Path injectorSocket = lab.sockets().resolve("injector");
        filters = new RedirectorFilters(lab.monitor(), "n0");
        try (ChardevListener fromGuest =
                        ChardevListener.listen(collectorSocket, GuestLab.QEMU_UID);
                ChardevListener toNet = ChardevListener.listen(injectorSocket, GuestLab.QEMU_UID)) {
            filters.addChardevs(collectorSocket, injectorSocket);
            collected = fromGuest.accept(5 * SECOND_NANOS);
            injected = toNet.accept(5 * SECOND_NANOS);
        }
        filters.addFilters();
    }

    @AfterEach
    void goesOnOnceItIsReadAgain() throws Exception {
        Thread reader = new Thread(this::readToTheEnd, "reader");
        reader.start();
        until(10 * SECOND_NANOS, StoppedAgentNetnsIT::answers);
        filters.removeCollector();
        reader.join(TimeUnit.SECONDS.toMillis(20));
        filters.removeInjector();
        collected.close();
        injected.close();
        until(10 * SECOND_NANOS, () -> lab.pings(GuestLab.GUEST));
    }

    @Test
    void freezesSoonWithTheDefaultSendBuffer() throws Exception {
        long start = System.nanoTime();
        Process flood = lab.flood(0);
        try {
            until(90 * SECOND_NANOS, () -> !answers());
        } finally {
            flood.destroy();
            flood.waitFor();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("frozen within %.1f s by %d bytes%n", seconds, waitingBytes());
    }

    @Test
    void freezesLateWithARaisedSendBuffer() throws Exception {
        assertThat(raise()).isEqualTo(2 * SEND_BUFFER_BYTES);
        Process flood = lab.flood(0);
        try {
            until(90 * SECOND_NANOS, () -> waitingBytes() > 4 << 20 || !answers());
        } finally {
            flood.destroy();
            flood.waitFor();
        }
        assertThat(waitingBytes()).as("what waits before the VM freezes").isGreaterThan(4 << 20);
    }

    /** Seconds to stop, and what the client sends meanwhile: 200 echo requests a second. */
    @Test
    void stoppedAgentIsNotNoticedForSeconds() throws Exception {
        raise();
        Process flood = lab.flood(0.005);
        try {
            long start = System.nanoTime();
            for (String seconds :
                    System.getProperty("remus.stopped.seconds", "1,5").split(",", -1)) {
                long due = start + Long.parseLong(seconds) * SECOND_NANOS;
                until(100 * SECOND_NANOS, () -> System.nanoTime() - due > 0);
                assertThat(answers()).as("QEMU answers after " + seconds + " s").isTrue();
                System.out.printf("not read for %s s: %d bytes wait%n", seconds, waitingBytes());
            }
        } finally {
            flood.destroy();
            flood.waitFor();
        }
    }

    private int raise() throws IOException {
        return ForeignSocket.raiseSendBuffers(lab.pid(), collectorSocket, SEND_BUFFER_BYTES);
    }

    /** Whether QEMU's monitor answers within a second. */
    private static boolean answers() {
        CompletableFuture<?> answer =
                CompletableFuture.supplyAsync(() -> lab.monitor().execute("query-status"));
        try {
            answer.get(1, TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * Bytes in the collector's socket; both of its ends belong to the connecting side's namespace.
     */
    private long waitingBytes() {
        return GuestLab.output(lab.client("ss", "-xnH"))
                .lines()
                .filter(line -> line.contains(collectorSocket.toString()))
                .mapToLong(line -> Long.parseLong(line.trim().split("\\s+", -1)[2]))
                .sum();
    }

    private void readToTheEnd() {
        ByteBuffer bytes = ByteBuffer.allocateDirect(1 << 20);
        try {
            while (collected.read(bytes.clear()) >= 0) {
                Thread.onSpinWait();
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
