package remus.primary;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DirtyRateTest {
    private final DirtyRate rate = new DirtyRate();

    @Test
    void knowsNothingBeforeTheSecondHarvest() {
        assertThat(rate.expectedPages(1_000)).isZero();
        rate.harvested(1_000_000, 1_000); // since nobody knows when
        assertThat(rate.expectedPages(2_000)).isZero();
    }

    @Test
    void expectsMoreTheLongerItWaits() {
        rate.harvested(0, 0);
        rate.harvested(500, 1_000);
        assertThat(rate.expectedPages(1_000)).isZero();
        assertThat(rate.expectedPages(2_000)).isEqualTo(500);
        assertThat(rate.expectedPages(11_000)).isEqualTo(5_000);
    }

    @Test
    void believesTheLastHarvest() {
        rate.harvested(0, 0);
        rate.harvested(500, 1_000);
        rate.harvested(1, 2_000);
        assertThat(rate.expectedPages(3_000)).isEqualTo(1);
    }
}
