package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import remus.domain.DomainEvent;
import remus.domain.DomainException;

@Timeout(20)
final class GuestPauseTest {
    private static final String OK = FakeQmpServer.OK;
    private static final String STOP = "{\"timestamp\": {}, \"event\": \"STOP\"}\r\n";
    private static final String RESUME = "{\"timestamp\": {}, \"event\": \"RESUME\"}\r\n";
    private static final String RUNNING =
            "{\"return\": {\"status\": \"running\", \"running\": true}}\r\n";
    private static final String PAUSED =
            "{\"return\": {\"status\": \"paused\", \"running\": false}}\r\n";

    @TempDir Path directory;
    private final List<DomainEvent> told = new CopyOnWriteArrayList<>();

    private interface Check {
        void with(GuestPause pause, SuspendMarker marker);
    }

    private void play(boolean suspendedBefore, FakeQmpServer.Script script, Check check)
            throws IOException {
        SuspendMarker marker = SuspendMarker.open(directory, "uuid", 7, 99);
        if (suspendedBefore) {
            marker.set();
        }
        try (FakeQmpServer server = FakeQmpServer.negotiated(script);
                QmpClient monitor = QmpClient.connect(server.socket)) {
            GuestPause pause = new GuestPause(monitor, marker);
            QemuEvents events = new QemuEvents("test", pause);
            events.listener(told::add);
            monitor.onEvent(events::accept);
            pause.begin();
            check.with(pause, marker);
        }
    }

    private static void answer(FakeQmpServer server, String command, String text)
            throws IOException {
        assertThat(server.receive()).contains("\"" + command + "\"");
        server.send(text);
    }

    @Test
    void suspendsAndResumes() throws IOException {
        play(
                false,
                s -> {
                    answer(s, "query-status", RUNNING);
                    answer(s, "stop", STOP + OK);
                    answer(s, "query-migrate", OK);
                    answer(s, "cont", RESUME + OK);
                    s.receive();
                },
                (pause, marker) -> {
                    assertThat(pause.suspend()).isTrue();
                    assertThat(marker.isSet()).isTrue();
                    assertThat(pause.resume()).isTrue();
                    assertThat(marker.isSet()).isFalse();
                    assertThat(pause.lagNanos()).isPositive();
                    assertThat(told).isEmpty();
                });
    }

    @Test
    void doesNothingToAGuestThatWasStoppedAlready() throws IOException {
        play(
                false,
                s -> {
                    answer(s, "query-status", PAUSED);
                    s.receive();
                },
                (pause, marker) -> {
                    assertThat(pause.suspend()).isFalse();
                    assertThat(pause.resume()).isFalse();
                });
    }

    @Test
    void doesNotTakeAStopForOursThatCameWithoutAnEvent() throws IOException {
        play(
                false,
                s -> {
                    answer(s, "query-status", RUNNING);
                    answer(s, "stop", OK);
                    answer(s, "query-migrate", OK);
                    s.receive();
                },
                (pause, marker) -> {
                    assertThat(pause.suspend()).isFalse();
                    assertThat(pause.resume()).isFalse();
                    assertThat(marker.isSet()).isFalse();
                });
    }

    @Test
    void voidsAnEpochThatSomebodyElseResumed() throws IOException {
        play(
                false,
                s -> {
                    answer(s, "query-status", RUNNING);
                    answer(s, "stop", STOP + OK);
                    answer(s, "query-migrate", RESUME + OK);
                    s.receive();
                },
                (pause, marker) -> {
                    assertThat(pause.suspend()).isTrue();
                    assertThat(pause.resume()).isFalse();
                    assertThat(marker.isSet()).isFalse();
                });
    }

    @Test
    void resumesAtOnceAndSaysWhyWhenTheStateCannotBeSaved() throws IOException {
        play(
                false,
                s -> {
                    answer(s, "query-status", RUNNING);
                    answer(s, "stop", STOP + OK);
                    answer(
                            s,
                            "query-migrate",
                            "{\"return\": {\"blocked-reasons\": [\"usb-mtp is unmigratable\"]}}\n");
                    answer(s, "cont", RESUME + OK);
                    s.receive();
                },
                (pause, marker) -> {
                    assertThatThrownBy(pause::suspend)
                            .hasMessageContaining("usb-mtp is unmigratable")
                            .isInstanceOfSatisfying(
                                    DomainException.class,
                                    e -> assertThat(e.code()).isEqualTo("migration-blocked"));
                    assertThat(pause.isRunning()).isTrue();
                });
    }

    @Test
    void sendsContBehindAStopThatIsLate() throws IOException {
        play(
                false,
                s -> {
                    answer(s, "query-status", RUNNING);
                    s.receive();
                    s.receive();
                    // only now does the client give up, and its cont follows
                    answer(s, "cont", STOP + OK + OK + RESUME + OK);
                    s.send("{\"event\": \"RESET\"}\r\n");
                    s.receive();
                },
                (pause, marker) -> {
                    assertThatThrownBy(pause::suspend)
                            .isInstanceOfSatisfying(
                                    DomainException.class,
                                    e -> assertThat(e.code()).isEqualTo("suspend-timeout"));
                    TestGuest.await("RESET", () -> !told.isEmpty());
                    assertThat(told)
                            .extracting(DomainEvent::kind)
                            .containsExactly(DomainEvent.Kind.RESET);
                    assertThat(pause.isRunning()).isTrue();
                    assertThat(marker.isSet()).isFalse();
                });
    }

    @Test
    void resumesWhatAnEarlierLifeLeftSuspended() throws IOException {
        play(
                true,
                s -> {
                    answer(s, "query-status", PAUSED);
                    answer(s, "cont", RESUME + OK);
                    s.receive();
                },
                (pause, marker) -> {
                    assertThat(pause.isRunning()).isTrue();
                    assertThat(marker.isSet()).isFalse();
                });
    }

    @Test
    void forgetsTheMarkerOfAnotherProcess() {
        SuspendMarker.open(directory, "uuid", 7, 99).set();
        assertThat(SuspendMarker.open(directory, "uuid", 7, 99).isSet()).isTrue();
        assertThat(SuspendMarker.open(directory, "uuid", 7, 100).isSet()).isFalse();
    }
}
