package remus.netbuf;

import static org.assertj.core.api.Assertions.assertThat;
import static remus.netbuf.GuestLab.GUEST;
import static remus.netbuf.GuestLab.GUEST_IPV6;
import static remus.netbuf.GuestLab.until;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The buffer on the NIC of a running QEMU guest, seen from a client on the same bridge. */
@Timeout(120)
final class RedirectorBufferNetnsIT {
    private static final int LIMIT_BYTES = 16 << 20;
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static GuestLab lab;

    @BeforeAll
    static void boot(@TempDir Path directory) throws IOException {
        lab = new GuestLab(directory);
    }

    @AfterAll
    static void shutDown() {
        if (lab != null) {
            lab.close();
        }
    }

    private static RedirectorBuffer attach() {
        RedirectorBuffer buffer =
                new RedirectorBuffer(lab.monitor(), lab.pid(), "n0", lab.sockets(), LIMIT_BYTES);
        buffer.attach();
        return buffer;
    }

    @Test
    void heldOutputReachesTheClientOnlyAfterCommit() throws Throwable {
        try (RedirectorBuffer buffer = attach()) {
            for (String address : new String[] {GUEST, GUEST_IPV6}) {
                lab.forgetNeighbours();
                assertThat(lab.pings(address)).as(address).isFalse();
                assertThat(lab.neighbour(address))
                        .as("address resolution")
                        .doesNotContain("lladdr");
            }
            assertThat(lab.redis("PING")).isEmpty();
            assertThat(buffer.stats().heldPackets()).isPositive();

            buffer.preresume(1);
            buffer.commit(1);
            Epochs.during(
                    lab.monitor(),
                    buffer,
                    5,
                    () -> {
                        until(5 * SECOND_NANOS, () -> lab.pings(GUEST) && lab.pings(GUEST_IPV6));
                        assertThat(lab.redis("PING")).isEqualTo("PONG");
                    });
            buffer.detach();
        }
        assertThat(lab.redis("PING")).isEqualTo("PONG");
    }

    @Test
    void detachLeavesQemuAsFound() {
        JsonNode objects = lab.monitor().execute("qom-list", Map.of("path", "/objects"));
        JsonNode chardevs = lab.monitor().execute("query-chardev");
        for (int i = 0; i < 5; i++) {
            try (RedirectorBuffer buffer = attach()) {
                buffer.detach();
            }
        }
        assertThat(lab.monitor().execute("qom-list", Map.of("path", "/objects")))
                .isEqualTo(objects);
        assertThat(lab.monitor().execute("query-chardev")).isEqualTo(chardevs);
        assertThat(lab.pings(GUEST)).isTrue();
    }

    @Test
    void connectionSurvivesADelayPerEpochAndAttachmentAndDetachment() throws Throwable {
        Process redis = lab.redisConnection();
        try (BufferedWriter in = redis.outputWriter();
                BufferedReader out = redis.inputReader()) {
            String connection = ask(in, out, "CLIENT ID");
            double[] before = latencies(in, out, SECOND_NANOS);
            try (RedirectorBuffer buffer = attach()) {
                long laps =
                        Epochs.during(
                                lab.monitor(),
                                buffer,
                                30,
                                () -> {
                                    double[] held = latencies(in, out, 4 * SECOND_NANOS);
                                    System.out.printf(
                                            "PING direct p50 %.2f p99 %.2f ms; 30 ms epochs p50"
                                                    + " %.2f p99 %.2f ms%n",
                                            at(before, 0.5),
                                            at(before, 0.99),
                                            at(held, 0.5),
                                            at(held, 0.99));
                                    assertThat(at(held, 0.99)).isLessThan(2000);
                                    System.out.println("30 ms epochs, " + benchmark());
                                });
                System.out.println(laps + " laps, " + buffer.stats());
                buffer.detach();
            }
            assertThat(ask(in, out, "CLIENT ID")).isEqualTo(connection);
        }
    }

    @Test
    void segmentationOffloadPassesThrough() throws Throwable {
        System.out.println("direct, " + benchmark());
        try (RedirectorBuffer buffer = attach()) {
            Epochs.during(
                    lab.monitor(),
                    buffer,
                    1,
                    () -> {
                        System.out.println("1 ms epochs, " + benchmark());
                        String script = "return string.rep('0123456789abcdef', 65536)";
                        assertThat(lab.redis("EVAL", script, "0"))
                                .isEqualTo("0123456789abcdef".repeat(65536));
                    });
            System.out.println("held, released: " + buffer.stats());
            buffer.detach();
        }
    }

    @Test
    void agentDeathHoldsEverythingAndReattachmentKeepsTheConnection() throws Throwable {
        Process redis = lab.redisConnection();
        try (BufferedWriter in = redis.outputWriter();
                BufferedReader out = redis.inputReader()) {
            String connection = ask(in, out, "CLIENT ID");
            try (RedirectorBuffer first = attach()) {
                Epochs.during(
                        lab.monitor(),
                        first,
                        10,
                        () -> assertThat(ask(in, out, "PING")).isEqualTo("PONG"));
            }
            in.write("CLIENT ID\n");
            in.flush();
            assertThat(lab.pings(GUEST)).isFalse();
            assertThat(lab.redis("PING")).isEmpty();
            assertThat(out.ready()).isFalse();

            long start = System.nanoTime();
            try (RedirectorBuffer second = attach()) {
                System.out.printf("attached again after %d ms%n", millisSince(start));
                assertThat(lab.pings(GUEST)).as("before a commit").isFalse();
                Epochs.during(
                        lab.monitor(),
                        second,
                        10,
                        () -> {
                            assertThat(out.readLine()).isEqualTo(connection);
                            assertThat(ask(in, out, "PING")).isEqualTo("PONG");
                        });
                second.detach();
            }
            assertThat(ask(in, out, "CLIENT ID")).isEqualTo(connection);
        }
    }

    /** QEMU takes it at once, and gives it to the network with the guest's next breath. */
    @Test
    void whatIsReleasedToAStoppedGuestLeavesWhenItRuns() throws Throwable {
        Process redis = lab.redisConnection();
        try (BufferedWriter in = redis.outputWriter();
                BufferedReader out = redis.inputReader()) {
            assertThat(ask(in, out, "PING")).isEqualTo("PONG");
            try (RedirectorBuffer buffer = attach()) {
                in.write("PING\n");
                in.flush();
                until(5 * SECOND_NANOS, () -> buffer.stats().heldPackets() > 0);
                lab.monitor().execute("stop");
                buffer.preresume(1);
                buffer.commit(1);
                until(5 * SECOND_NANOS, () -> buffer.stats().heldPackets() == 0);
                assertThat(lab.pings(GUEST)).as("in the second that this takes").isFalse();
                assertThat(out.ready()).as("released, and not sent").isFalse();

                lab.monitor().execute("cont");
                assertThat(out.readLine()).isEqualTo("PONG");
                buffer.detach();
            }
        }
    }

    private static String ask(BufferedWriter in, BufferedReader out, String command)
            throws IOException {
        in.write(command + "\n");
        in.flush();
        return out.readLine();
    }

    private static double[] latencies(BufferedWriter in, BufferedReader out, long nanos)
            throws IOException {
        double[] millis = new double[100_000];
        int count = 0;
        for (long end = System.nanoTime() + nanos; System.nanoTime() < end; count++) {
            long start = System.nanoTime();
            assertThat(ask(in, out, "PING")).isEqualTo("PONG");
            millis[count] = (System.nanoTime() - start) / 1e6;
            LockSupport.parkNanos(1_000_000);
        }
        double[] sorted = Arrays.copyOf(millis, count);
        Arrays.sort(sorted);
        return sorted;
    }

    private static double at(double[] sorted, double quantile) {
        return sorted[(int) (sorted.length * quantile)];
    }

    /** Redis' own benchmark, many small answers, then few large ones: answers a second. */
    private static String benchmark() {
        return "answers a second: "
                + benchmark("-t", "ping_mbulk", "-c", "50", "-n", "2000")
                + benchmark("-t", "set,get", "-d", "100000", "-c", "10", "-n", "200");
    }

    private static String benchmark(String... options) {
        List<String> command = new ArrayList<>(List.of("timeout", "30", "redis-benchmark"));
        command.addAll(List.of("-h", GUEST, "--csv"));
        command.addAll(List.of(options));
        return GuestLab.output(lab.client(command.toArray(String[]::new)))
                .lines()
                .filter(line -> !line.startsWith("\"test\""))
                .map(line -> line.replace("\"", "").replaceAll("^([^,]*),([^,]*),.*", "$1 $2, "))
                .reduce("", String::concat);
    }

    private static long millisSince(long startNanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
    }
}
