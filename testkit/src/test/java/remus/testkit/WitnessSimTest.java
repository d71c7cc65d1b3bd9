package remus.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import remus.backup.BackupState;
import remus.ha.witness.WitnessRecord.Mode;
import remus.primary.GroupState;

/** Who may run when a witness decides it. */
class WitnessSimTest extends SimStory {
    private static final int FIXED_SEEDS = 1500;

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
        long[] counted = new long[2];
        new Lives(
                        Simulation::witnessed,
                        world -> {
                            counted[0] += world.checker.takeovers;
                            counted[1] += world.witness.answered;
                        })
                .live(new long[] {10, 267, 753}, FIXED_SEEDS); // stories that were bugs once
        assertThat(counted[1]).as("answers of the witness").isPositive();
        if (System.getProperty("rng.seed") == null) {
            assertThat(counted[0]).as("takeovers").isPositive();
        }
    }
}
