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
import remus.backup.BackupState;
import remus.ha.witness.WitnessRecord.Mode;
import remus.primary.GroupState;

/** Who may run when a witness decides it. */
class WitnessSimTest extends SimStory {
    private static final int FIXED_SEEDS = 1500;
    private static final int NEW_SEEDS = Integer.getInteger("rng.lives", 100);
    private static final int STORIES = 3;

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

    private static Scenario automatic() {
        return Scenario.plain().automatic().withWitness();
    }

    @Test
    void primaryWhoseBackupIsGoneGoesOnAloneByItself() {
        protect(Scenario.plain().withWitness(), "at 500ms kill backup-host");
        live(3000);
        assertThat(world.state()).isEqualTo(GroupState.CONNECTING);
        assertThat(world.guest(0).filtered).as("its output is held").isFalse();
        assertThat(world.witness.record().mode()).isEqualTo(Mode.ALONE);
        assertThat(world.witness.record().owner()).isEqualTo("primary");
    }

    @Test
    void backupTakesOverByTheWitnessWhenTheHostDies() {
        protect(automatic(), "at 500ms kill primary-host");
        live(3000);
        assertThat(copy(0).runs()).isTrue();
        assertThat(world.witness.record().owner()).isEqualTo("backup");
    }

    @Test
    void cutLinkLeavesOneSpeakerAndAGuestThatIsHeard() {
        protect(automatic(), "at 500ms cut link for 2000ms");
        live(2000);
        boolean atBackup = world.backupState() == BackupState.ACTIVE;
        long heard = world.checker.packets;
        live(300);
        assertThat(world.checker.packets).as("somebody is heard").isGreaterThan(heard);
        live(5000);
        assertThat(world.state())
                .isEqualTo(atBackup ? GroupState.SUPERSEDED : GroupState.PROTECTED);
    }

    @Test
    void lossOfTheWitnessAloneChangesNothing() {
        protect(automatic(), "at 500ms witness stops for 5000ms");
        live(4000);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(world.backupState()).isEqualTo(BackupState.STANDBY);
    }

    @Test
    void nobodyMovesWithoutTheWitness() {
        protect(automatic(), "at 500ms witness stops for 4000ms", "at 600ms kill primary-host");
        live(4000);
        assertThat(world.backupState()).isEqualTo(BackupState.STANDBY);
        live(3000);
        assertThat(copy(0).runs()).as("when it is back").isTrue();
    }

    @Test
    void glitchWithoutTheWitnessIsForgotten() {
        protect(automatic(), "at 500ms witness stops for 3000ms", "at 600ms cut link for 1500ms");
        live(6000);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(world.backupState()).isEqualTo(BackupState.STANDBY);
        assertThat(world.checker.takeovers).isZero();
    }

    @Test
    void stallWithoutTheWitnessIsForgotten() {
        protect(
                automatic(),
                "at 500ms witness stops for 2000ms",
                "at 600ms cut to-backup for 450ms");
        live(6000);
        assertThat(world.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(world.checker.takeovers).isZero();
    }

    @Test
    void invariantsHoldInEveryLife() {
        String asked = System.getProperty("rng.seed");
        if (asked != null) {
            live(LongStream.of(Long.parseLong(asked)));
            return;
        }
        live(LongStream.range(0, FIXED_SEEDS));
        long fresh = new Random().nextLong() >>> 16;
        System.out.println("new seeds from -Drng.seed=" + fresh);
        live(LongStream.range(fresh, fresh + NEW_SEEDS));
    }

    private static void live(LongStream seeds) {
        List<String> stories = new ArrayList<>();
        long[] counted = new long[3];
        seeds.forEach(
                seed -> {
                    Simulation life = Simulation.witnessed(seed);
                    String story = life.run();
                    counted[0] += life.world.checker.packetsOnAck;
                    counted[1] += life.world.checker.takeovers;
                    counted[2] += life.world.witness.answered;
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
        assertThat(counted[0]).as("packets that left by an acknowledgement").isPositive();
        assertThat(counted[1]).as("takeovers").isPositive();
        assertThat(counted[2]).as("answers of the witness").isPositive();
    }
}
