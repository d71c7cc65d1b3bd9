package remus.ha.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.zookeeper.client.ZKClientConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.domain.DomainException;
import remus.ha.witness.Witness.Answer;
import remus.ha.witness.WitnessRecord;
import remus.ha.witness.WitnessRecord.Mode;

/** A real server and real clients. */
final class ZooKeeperWitnessTest {
    private static final String GROUP = new UUID(3, 4).toString();
    private static final WitnessRecord FIRST = WitnessRecord.first(GROUP, "a", 1);

    @TempDir Path directory;

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static ZooKeeperWitness client(int port, String credentials) throws Exception {
        ZooKeeperWitness witness =
                ZooKeeperWitness.connect(
                        new ZooKeeperWitness.Settings(
                                "127.0.0.1:" + port,
                                Duration.ofSeconds(4),
                                credentials,
                                new ZKClientConfig()));
        assertThat(witness.awaitLive(Duration.ofSeconds(20))).isTrue();
        return witness;
    }

    private static Answer answer(Consumer<Consumer<Answer>> question) throws Exception {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        question.accept(answer::complete);
        return answer.get(20, TimeUnit.SECONDS);
    }

    @Test
    void recordsAreMadeOnceAndChangedByWhoeverKnowsThem() throws Exception {
        try (WitnessServer server = WitnessServer.start(loopback(0), directory);
                ZooKeeperWitness a = client(server.port(), null);
                ZooKeeperWitness b = client(server.port(), null)) {
            assertThat(answer(then -> a.read(GROUP, then))).isEqualTo(new Answer.Nothing());
            assertThat(answer(then -> a.compareAndSet(FIRST, FIRST, then)))
                    .isEqualTo(new Answer.Nothing());
            assertThat(answer(then -> a.create(FIRST, then))).isEqualTo(new Answer.There(FIRST));
            WitnessRecord others = WitnessRecord.first(GROUP, "b", 2);
            assertThat(answer(then -> b.create(others, then))).isEqualTo(new Answer.There(FIRST));

            WitnessRecord entered = FIRST.next(Mode.PROTECTED, "a", 77);
            assertThat(answer(then -> a.compareAndSet(FIRST, entered, then)))
                    .isEqualTo(new Answer.There(entered));
            WitnessRecord late = FIRST.next(Mode.ALONE, "b", 77);
            assertThat(answer(then -> b.compareAndSet(FIRST, late, then)))
                    .isEqualTo(new Answer.There(entered));
            assertThat(answer(then -> b.read(GROUP, then))).isEqualTo(new Answer.There(entered));
        }
    }

    @Test
    void whatWasAnsweredSurvivesTheServerAndTheSessionComesBack() throws Exception {
        WitnessServer server = WitnessServer.start(loopback(0), directory);
        int port = server.port();
        try (ZooKeeperWitness a = client(port, null)) {
            answer(then -> a.create(FIRST, then));
            server.close();
            while (a.isLive()) {
                Thread.onSpinWait();
            }
            assertThat(answer(then -> a.read(GROUP, then))).isInstanceOf(Answer.Unknown.class);
            try (WitnessServer again = WitnessServer.start(loopback(port), directory)) {
                assertThat(again.port()).isEqualTo(port);
                while (!a.isLive()) {
                    Thread.onSpinWait();
                }
                assertThat(answer(then -> a.read(GROUP, then))).isEqualTo(new Answer.There(FIRST));
            }
        } finally {
            server.close();
        }
    }

    @Test
    void othersCannotReadWhatBelongsToAUser() throws Exception {
        try (WitnessServer server = WitnessServer.start(loopback(0), directory);
                ZooKeeperWitness a = client(server.port(), "remus:secret");
                ZooKeeperWitness stranger = client(server.port(), null)) {
            answer(then -> a.create(FIRST, then));
            assertThat(answer(then -> a.read(GROUP, then))).isEqualTo(new Answer.There(FIRST));
            assertThat(answer(then -> stranger.read(GROUP, then)))
                    .isInstanceOfSatisfying(
                            Answer.Unknown.class,
                            unknown -> assertThat(unknown.why().sentence()).contains("NOAUTH"));
        }
    }

    @Test
    void aPortInUseIsAClearError() {
        try (WitnessServer server = WitnessServer.start(loopback(0), directory)) {
            InetSocketAddress taken = loopback(server.port());
            assertThatThrownBy(() -> WitnessServer.start(taken, directory.resolve("second")))
                    .isInstanceOfSatisfying(
                            DomainException.class,
                            e -> assertThat(e.code()).isEqualTo("witness-failed"));
        }
    }
}
