package remus.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Many whole lives of protected groups, with everything going wrong that can be drawn. */
class LapSimTest {
    private static final int FIXED_SEEDS = 1000;
    private static final int NEW_SEEDS = Integer.getInteger("rng.lives", 100);
    private static final int STORIES = 3;

    /** Seeds whose stories were bugs once. */
    private static final long[] REMEMBERED = {
        4, 10, 26, 188, 217, 247, 276, 330, 388, 1323, 1866, 104728
    };

    private static Level before;

    @BeforeAll
    static void silence() {
        Logger log = (Logger) LoggerFactory.getLogger("remus");
        before = log.getLevel();
        log.setLevel(Level.OFF); // thousands of faults, each with its stack trace
    }

    @AfterAll
    static void speakAgain() {
        ((Logger) LoggerFactory.getLogger("remus")).setLevel(before);
    }

    @Test
    void invariantsHoldInEveryLife() {
        String asked = System.getProperty("rng.seed");
        if (asked != null) {
            live(LongStream.of(Long.parseLong(asked)));
            return;
        }
        live(LongStream.of(REMEMBERED));
        live(LongStream.range(0, FIXED_SEEDS));
        long fresh = new Random().nextLong() >>> 16;
        System.out.println("new seeds from -Drng.seed=" + fresh);
        live(LongStream.range(fresh, fresh + NEW_SEEDS));
    }

    private static void live(LongStream seeds) {
        List<String> stories = new ArrayList<>();
        long[] packetsOnAck = {0};
        seeds.forEach(
                seed -> {
                    Simulation life = Simulation.of(seed);
                    String story = life.run();
                    packetsOnAck[0] += life.world.checker.packetsOnAck;
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
        assertThat(packetsOnAck[0]).as("packets that left by an acknowledgement").isPositive();
    }
}
