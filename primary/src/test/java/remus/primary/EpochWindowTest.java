package remus.primary;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import remus.domain.SlabPool;

class EpochWindowTest {
    private final SlabPool pool = new SlabPool(0);
    private final EpochWindow window = new EpochWindow(3, pool);

    private EpochInFlight epoch(long number, int slabs) {
        EpochInFlight epoch = new EpochInFlight(number, new EpochTimeline(), 1);
        for (int i = 0; i < slabs; i++) {
            epoch.slabs(0).add(Objects.requireNonNull(pool.poll()));
        }
        return epoch;
    }

    @Test
    void anEmptyWindowAlwaysHasRoom() {
        EpochInFlight carried = epoch(1, 4);
        assertThat(window.hasRoom()).isTrue();
        window.free(carried);
    }

    @Test
    void halfOfTheStagingMemoryIsKept() {
        window.add(epoch(1, 2));
        assertThat(window.hasRoom()).isTrue();
        window.add(epoch(2, 1));
        assertThat(window.hasRoom()).isFalse();
    }

    @Test
    void isBounded() {
        for (int i = 1; i <= 3; i++) {
            assertThat(window.hasRoom()).isTrue();
            window.add(epoch(i, 0));
        }
        assertThat(window.hasRoom()).isFalse();
    }

    @Test
    void acknowledgementsAreCumulativeAndGiveMemoryBack() {
        window.add(epoch(1, 1));
        window.add(epoch(2, 1));
        window.add(epoch(3, 1));
        window.acknowledged(2, 10, 11);
        assertThat(pool.available()).isEqualTo(3);
        assertThat(window.unacknowledged()).extracting(epoch -> epoch.epoch).containsExactly(3L);
        window.acknowledged(2, 12, 13);
        assertThat(pool.available()).isEqualTo(3);
    }

    @Test
    void resumesOnlyWithoutAGap() {
        window.add(epoch(4, 0));
        window.add(epoch(5, 0));
        assertThat(window.canResumeAfter(3, 5)).isTrue();
        assertThat(window.canResumeAfter(4, 5)).isTrue();
        assertThat(window.canResumeAfter(5, 5)).isTrue();
        assertThat(window.canResumeAfter(2, 5)).as("3 is gone").isFalse();
        assertThat(window.canResumeAfter(6, 5)).as("never made").isFalse();
        assertThat(window.canResumeAfter(-1, 5)).as("a spoiled copy").isFalse();
    }

    @Test
    void whatWasSpilledCannotBeSentAgain() {
        EpochInFlight spilled = epoch(1, 0);
        spilled.framesSpilled.incrementAndGet();
        window.add(spilled);
        assertThat(window.canResumeAfter(0, 1)).isFalse();
        assertThat(window.canResumeAfter(1, 1)).isTrue();
    }

    @Test
    void voidedEpochsPagesComeFirst() {
        EpochInFlight voided = epoch(1, 2);
        EpochInFlight next = epoch(1, 1);
        var old = java.util.List.copyOf(voided.slabs(0));
        next.carryOver(voided);
        assertThat(next.slabs(0)).hasSize(3).startsWith(old.get(0), old.get(1));
        assertThat(voided.slabs(0)).isEmpty();
    }
}
