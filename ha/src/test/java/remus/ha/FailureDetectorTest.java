package remus.ha;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FailureDetectorTest {
    private static final long MILLI = 1_000_000;
    private static final long SILENCE = 1000 * MILLI;
    private static final long GRACE = 100 * MILLI;

    private final FailureDetector detector = new FailureDetector(SILENCE, GRACE);

    private String suspicion(long millis) {
        Reason reason = detector.suspicion(millis * MILLI);
        return reason == null ? "" : reason.code();
    }

    @Test
    void suspectsNobodyBeforeThereWasAConnection() {
        detector.linkDown(0, "closed");
        detector.agentGone();
        assertThat(suspicion(1_000_000)).isEmpty();
        assertThat(detector.dueInNanos(5)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void silenceIsSuspectAtItsLimitAndNotBefore() {
        detector.linkUp(0);
        detector.beat(500 * MILLI, 1);
        assertThat(suspicion(1499)).isEmpty();
        assertThat(detector.dueInNanos(1499 * MILLI)).isEqualTo(MILLI);
        assertThat(suspicion(1500)).isEqualTo("silent");
    }

    @Test
    void peerThatHasJustStartedMayGreetLate() {
        detector.opened(0);
        assertThat(suspicion(20_999)).isEmpty();
        assertThat(suspicion(21_000)).isEqualTo("silent");
        detector.heard(5000 * MILLI);
        assertThat(suspicion(5999)).isEmpty();
        assertThat(suspicion(6000)).isEqualTo("silent");
    }

    @Test
    void beatsDoNotShortenTheTimeThatWorkWasGiven() {
        detector.linkUp(0);
        detector.excuse(0);
        detector.beat(100 * MILLI, 1);
        detector.beat(9000 * MILLI, 1);
        assertThat(suspicion(9000)).as("its conductor makes a standby").isEmpty();
        assertThat(suspicion(25_000)).isNotEmpty();
    }

    @Test
    void closedConnectionHasItsGrace() {
        detector.linkUp(0);
        detector.linkDown(10 * MILLI, "closed by peer");
        assertThat(suspicion(109)).isEmpty();
        assertThat(suspicion(110)).isEqualTo("link-closed");
        detector.linkUp(111 * MILLI);
        assertThat(suspicion(111)).isEmpty();
    }

    @Test
    void goneAgentHasNone() {
        detector.linkUp(0);
        detector.agentGone();
        assertThat(suspicion(1)).as("a stale answer, the connection is up").isEmpty();
        detector.linkDown(2 * MILLI, "closed by peer");
        detector.agentGone();
        assertThat(suspicion(2)).isEqualTo("agent-gone");
        assertThat(detector.dueInNanos(2 * MILLI)).isZero();
    }

    @Test
    void beatsWithoutProgressAreSuspectAfterFiveLimits() {
        detector.linkUp(0);
        for (long millis = 0; millis < 5000; millis += 100) {
            detector.beat(millis * MILLI, 7);
            assertThat(suspicion(millis)).isEmpty();
        }
        detector.beat(5000 * MILLI, 7);
        assertThat(suspicion(5000)).isEqualTo("hung");
    }

    @Test
    void framesOfWorkAreProgress() {
        detector.linkUp(0);
        for (long millis = 0; millis < 20_000; millis += 100) {
            detector.beat(millis * MILLI, 7);
            detector.heard(millis * MILLI);
            assertThat(suspicion(millis)).isEmpty();
        }
    }
}
