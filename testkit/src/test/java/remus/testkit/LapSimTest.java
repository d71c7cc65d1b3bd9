package remus.testkit;

import org.junit.jupiter.api.Test;

/** Many whole lives of protected groups, with everything going wrong that can be drawn. */
class LapSimTest {
    private static final int FIXED_SEEDS = 1000;

    /** Seeds whose stories were bugs once. */
    private static final long[] REMEMBERED = {
        4, 10, 26, 188, 217, 247, 276, 330, 388, 1323, 1866, 104728
    };

    @Test
    void invariantsHoldInEveryLife() {
        new Lives(Simulation::of, world -> {}).live(REMEMBERED, FIXED_SEEDS);
    }
}
