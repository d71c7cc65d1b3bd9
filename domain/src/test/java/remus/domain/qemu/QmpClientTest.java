package remus.domain.qemu;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static remus.domain.qemu.FakeQmpServer.OK;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import remus.domain.DomainException;

@Timeout(20)
final class QmpClientTest {

    private static void assertCode(String code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        DomainException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void answersACommandWithItsReturn() throws Exception {
        CompletableFuture<String> seen = new CompletableFuture<>();
        try (var server =
                        FakeQmpServer.negotiated(
                                s -> {
                                    seen.complete(s.receive());
                                    s.send("{\"return\": \"ok\\r\\n\"}\r\n");
                                });
                var client = QmpClient.connect(server.socket)) {
            assertThat(client.human("info x")).isEqualTo("ok\r\n");
            assertThat(seen.get())
                    .isEqualTo(
                            "{\"execute\":\"human-monitor-command\","
                                    + "\"arguments\":{\"command-line\":\"info x\"}}");
        }
    }

    @Test
    void deliversEventsInTheirPlaceAmongAnswers() throws Exception {
        List<String> order = new CopyOnWriteArrayList<>();
        try (var server =
                        FakeQmpServer.negotiated(
                                s -> {
                                    s.receive();
                                    s.send("{\"timestamp\": {}, \"event\": \"STOP\"}\r\n" + OK);
                                    s.receive();
                                    s.send(OK + "{\"event\": \"RESUME\"}\r\n");
                                });
                var client = QmpClient.connect(server.socket)) {
            CompletableFuture<Void> resumed = new CompletableFuture<>();
            client.onEvent(
                    e -> {
                        order.add(e.path("event").asText());
                        if (order.contains("RESUME")) {
                            resumed.complete(null);
                        }
                    });
            client.execute("stop");
            order.add("stopped");
            client.execute("cont");
            resumed.get(5, SECONDS);
            assertThat(order).containsExactly("STOP", "stopped", "RESUME");
        }
    }

    @Test
    void pipelinesCommandsAndKeepsTheirAnswersApart() throws Exception {
        try (var server =
                        FakeQmpServer.negotiated(
                                s -> {
                                    s.receive();
                                    s.receive();
                                    s.send(OK + "{\"return\": {\"n\": 2}}\r\n");
                                });
                var client = QmpClient.connect(server.socket)) {
            Pending first = new Pending("stop");
            Pending second = new Pending("query-migrate");
            String both =
                    new String(QmpClient.encode("stop", Map.of()), StandardCharsets.UTF_8)
                            + new String(
                                    QmpClient.encode("query-migrate", Map.of()),
                                    StandardCharsets.UTF_8);
            client.submit(both.getBytes(StandardCharsets.UTF_8), first, second);
            assertThat(client.await(second).path("n").asInt()).isEqualTo(2);
            assertThat(client.await(first).isEmpty()).isTrue();
        }
    }

    @Test
    void saysWhatQemuSaidWhenACommandFails() throws Exception {
        try (var server =
                        FakeQmpServer.negotiated(
                                s -> {
                                    s.receive();
                                    s.send("{\"error\": {\"desc\": \"nvme is unmigratable\"}}\r\n");
                                    s.receive();
                                    s.send(OK);
                                });
                var client = QmpClient.connect(server.socket)) {
            assertThatThrownBy(() -> client.execute("migrate"))
                    .hasMessage("migrate: nvme is unmigratable")
                    .isInstanceOfSatisfying(
                            DomainException.class,
                            e -> assertThat(e.code()).isEqualTo("qmp-error"));
            assertThat(client.execute("stop").isEmpty()).isTrue();
        }
    }

    @Test
    void ignoresAnErrorThatAnswersNothing() throws Exception {
        String error = "{\"error\": {\"desc\": \"out of band\"}}\r\n";
        try (var server =
                        FakeQmpServer.negotiated(
                                s -> {
                                    s.receive();
                                    s.send(OK + error + "{\"event\": \"GO\"}\r\n");
                                    s.receive();
                                    s.send(OK);
                                });
                var client = QmpClient.connect(server.socket)) {
            CompletableFuture<Void> go = new CompletableFuture<>();
            client.onEvent(e -> go.complete(null));
            client.execute("stop");
            go.get(5, SECONDS);
            assertThat(client.execute("cont").isEmpty()).isTrue();
        }
    }

    @Test
    void doesNotTakeALateAnswerForTheNextCommands() throws Exception {
        try (var server =
                        FakeQmpServer.negotiated(
                                s -> {
                                    s.receive();
                                    s.receive();
                                    s.send(OK);
                                    s.send("{\"return\": {\"n\": 2}}\r\n");
                                });
                var client = QmpClient.connect(server.socket, MILLISECONDS.toNanos(200))) {
            assertCode("qmp-timeout", () -> client.execute("stop"));
            assertThat(client.execute("query-status").path("n").asInt()).isEqualTo(2);
        }
    }

    @Test
    void failsWhatWaitsWhenQemuClosesInMidCommand() throws Exception {
        CompletableFuture<String> reason = new CompletableFuture<>();
        try (var server =
                        FakeQmpServer.negotiated(
                                s -> {
                                    s.receive();
                                    s.send("{\"ret");
                                    s.hangUp();
                                });
                var client = QmpClient.connect(server.socket)) {
            client.onClosed(reason::complete);
            assertCode("qmp-closed", () -> client.execute("cont"));
            assertThat(reason.get(5, SECONDS)).contains("QEMU closed");
            assertCode("qmp-closed", () -> client.execute("cont"));
        }
    }

    @Test
    void closesOnGarbage() throws Exception {
        for (String garbage :
                List.of("\u0000\u00ff{]\r\n", "[1]\n", "{}\n", "\n", "{\"a\": 1}\n")) {
            try (var server =
                            FakeQmpServer.negotiated(
                                    s -> {
                                        s.receive();
                                        s.send(garbage);
                                        s.receive();
                                    });
                    var client = QmpClient.connect(server.socket)) {
                assertCode("qmp-closed", () -> client.execute("cont"));
            }
        }
    }

    @Test
    void boundsTheLengthOfALine() throws Exception {
        String piece = "x".repeat(1 << 20);
        try (var server =
                        FakeQmpServer.negotiated(
                                s -> {
                                    s.receive();
                                    for (int i = 0; i < 64; i++) {
                                        s.send(piece);
                                    }
                                });
                var client = QmpClient.connect(server.socket)) {
            assertThatThrownBy(() -> client.execute("cont")).hasMessageContaining("16777216 bytes");
            assertThat(server.finished.get(5, SECONDS)).isNotEmpty();
        }
    }

    @Test
    void readsAnAnswerOfSeveralMegabytes() throws Exception {
        String text = "y".repeat(3 << 20);
        try (var server =
                        FakeQmpServer.negotiated(
                                s -> {
                                    s.receive();
                                    s.send("{\"return\": \"" + text + "\"}\r\n");
                                });
                var client = QmpClient.connect(server.socket)) {
            assertThat(client.human("info mtree")).isEqualTo(text);
        }
    }

    @Test
    void tellsABusyMonitorFromNone() throws Exception {
        try (var server = new FakeQmpServer(s -> s.receive())) {
            assertCode("monitor-busy", () -> QmpClient.connect(server.socket));
        }
        assertCode("no-monitor", () -> QmpClient.connect(Path.of("/nonexistent/qmp")));
        try (var server = new FakeQmpServer(s -> s.send("{\"return\": {}}\r\n"))) {
            assertCode("no-monitor", () -> QmpClient.connect(server.socket));
        }
    }

    @Test
    void survivesAnInterruptWithTheConversationIntact() throws Exception {
        try (var server =
                        FakeQmpServer.negotiated(
                                s -> {
                                    s.receive();
                                    s.send(OK);
                                });
                var client = QmpClient.connect(server.socket)) {
            Thread.currentThread().interrupt();
            assertThat(client.execute("cont").isEmpty()).isTrue();
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
