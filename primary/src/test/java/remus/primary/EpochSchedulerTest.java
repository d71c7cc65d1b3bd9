package remus.primary;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EpochSchedulerTest {
    private final EpochScheduler scheduler = new EpochScheduler(100);

    @Test
    void countsFromSuspendToSuspend() {
        scheduler.start(1000);
        assertThat(scheduler.isDue(1099)).isFalse();
        assertThat(scheduler.dueInNanos(1099)).isEqualTo(1);
        assertThat(scheduler.isDue(1100)).isTrue();
        scheduler.begun(1130);
        assertThat(scheduler.dueInNanos(1130)).as("on the grid").isEqualTo(70);
        assertThat(scheduler.missedTicks()).isZero();
    }

    @Test
    void missedTicksAreCountedNotQueued() {
        scheduler.start(0);
        scheduler.begun(355);
        assertThat(scheduler.missedTicks()).isEqualTo(2);
        assertThat(scheduler.isDue(399)).isFalse();
        assertThat(scheduler.isDue(400)).isTrue();
    }

    @Test
    void hurryComesAtOnceAndOnlyOnce() {
        scheduler.start(0);
        scheduler.hurry(20);
        assertThat(scheduler.isDue(20)).isTrue();
        scheduler.begun(20);
        assertThat(scheduler.dueInNanos(20)).isEqualTo(100);
    }

    @Test
    void shorterIntervalTakesEffectAtOnce() {
        scheduler.start(0);
        scheduler.interval(10, 50);
        assertThat(scheduler.isDue(60)).isTrue();
        scheduler.begun(60);
        assertThat(scheduler.dueInNanos(60)).isEqualTo(10);
    }
}
