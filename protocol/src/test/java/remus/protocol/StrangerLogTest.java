package remus.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StrangerLogTest {
    private static final long SECOND = 1_000_000_000;

    private final StrangerLog strangers = new StrangerLog();

    @Test
    void aFloodOfStrangersIsOneLineInTenSecondsAndIsCounted() {
        PeerException why = new PeerException("no-hello", "x".repeat(100_000), "none");
        long begin = Long.MAX_VALUE - 15 * SECOND; // the clock may wrap
        try (CapturedLog log = new CapturedLog(StrangerLog.class)) {
            for (int i = 0; i < 30_000; i++) {
                strangers.refused("192.0.2.7:" + i, why, begin + i * SECOND / 1000);
            }
            assertThat(log.lines()).hasSize(3);
            assertThat(log.lines().get(0)).contains("192.0.2.7:0,").contains("(no-hello)");
            assertThat(log.lines().get(2)).endsWith("since the last such line: 9999");
            assertThat(log.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThan(500));
        }
    }
}
