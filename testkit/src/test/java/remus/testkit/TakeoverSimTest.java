package remus.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import remus.backup.BackupState;
import remus.primary.GroupState;

/** What becomes of a takeover: it fails and is tried again, or ends later; one story each. */
class TakeoverSimTest extends SimStory {
    @Test
    void failedTakeoverIsTriedAgainByItself() {
        protect(
                Scenario.plain().automatic(),
                "at 400ms fail load",
                "at 400ms fail backup-record",
                "at 400ms fail run",
                "at 500ms kill primary-host");
        live(1000);
        assertThat(world.backupState()).isEqualTo(BackupState.STANDBY);
        assertThat(world.backupGroup().view().reason().code()).isEqualTo("sim-load");
        live(8000);
        assertThat(world.backupState()).isEqualTo(BackupState.ACTIVE);
        assertThat(copy(0).runs()).isTrue();
        assertThat(world.checker.takeovers).isEqualTo(1);
    }

    @Test
    void failedTakeoverWaitsForItsOperatorInManualMode() {
        protect(Scenario.plain(), "at 400ms fail load", "at 500ms kill primary-host");
        live(1000);
        operator("failover");
        live(8000);
        assertThat(world.backupState()).isEqualTo(BackupState.STANDBY);
        operator("failover");
        live(100);
        assertThat(copy(0).runs()).isTrue();
    }

    @Test
    void takenOverGuestIsFollowedToItsEnd() {
        protect(Scenario.plain().automatic(), "at 500ms kill primary-agent for 300ms");
        live(2000);
        assertThat(world.backupState()).isEqualTo(BackupState.ACTIVE);
        copy(0).off = true;
        live(1500);
        assertThat(world.backupState()).isEqualTo(BackupState.OFF);
        world.backup.agent.die();
        world.primary.agent.die();
        live(3000);
        assertThat(world.backupState()).as("as recorded").isEqualTo(BackupState.OFF);
        assertThat(world.state()).isEqualTo(GroupState.SUPERSEDED);
        assertThat(world.guest(0).retired).isTrue();
    }

    @Test
    void takenOverGuestThatIsGoneIsNotRunAgain() {
        protect(Scenario.plain().automatic(), "at 500ms kill primary-host");
        live(2000);
        copy(0).alive = false;
        live(1500);
        assertThat(world.backupState()).isEqualTo(BackupState.LOST);
        world.backup.agent.die();
        live(3000);
        assertThat(world.backupState()).isEqualTo(BackupState.LOST);
        assertThat(world.checker.takeovers).isEqualTo(1);
    }
}
