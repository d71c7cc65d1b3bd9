package remus.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import org.slf4j.LoggerFactory;

/** Whole lives of protected groups, one a seed, without their logs. */
final class Lives {
    private static final int NEW_SEEDS = Integer.getInteger("rng.lives", 100);
    private static final int STORIES = 3;

    private final LongFunction<Simulation> life;
    private final Consumer<SimWorld> after;

    /**
     * @param life what becomes of a seed
     * @param after looks at each world in the end
     */
    Lives(LongFunction<Simulation> life, Consumer<SimWorld> after) {
        this.life = life;
        this.after = after;
    }

    /** Lives the seed that -Drng.seed names; or these, the fixed ones, and some new ones. */
    void live(long[] remembered, int fixed) {
        Logger log = (Logger) LoggerFactory.getLogger("remus");
        Level before = log.getLevel();
        log.setLevel(Level.OFF); // thousands of faults, each with its stack trace
        try {
            String asked = System.getProperty("rng.seed");
            if (asked != null) {
                live(LongStream.of(Long.parseLong(asked)));
                return;
            }
            live(LongStream.of(remembered));
            live(LongStream.range(0, fixed));
            long fresh = new Random().nextLong() >>> 16;
            System.out.println("new seeds from -Drng.seed=" + fresh);
            live(LongStream.range(fresh, fresh + NEW_SEEDS));
        } finally {
            log.setLevel(before);
        }
    }

    private void live(LongStream seeds) {
        List<String> stories = new ArrayList<>();
        long[] packetsOnAck = {0};
        long[] lived = {0};
        seeds.forEach(
                seed -> {
                    Simulation one = life.apply(seed);
                    String story = one.run();
                    lived[0]++;
                    packetsOnAck[0] += one.world.checker.packetsOnAck;
                    after.accept(one.world);
                    if (story != null) {
                        stories.add(story);
                    }
                });
        if (!stories.isEmpty()) {
            fail(
                    stories.size()
                            + " lives failed\n"
                            + String.join("\n", stories.stream().limit(STORIES).toList()));
        }
        if (lived[0] > 0) {
            assertThat(packetsOnAck[0]).as("packets that left by an acknowledgement").isPositive();
        }
    }
}
