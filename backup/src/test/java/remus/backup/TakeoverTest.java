package remus.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import remus.domain.DomainException;
import remus.ha.Reason;
import remus.ha.StateMachine;
import remus.protocol.wire.Fate;

class TakeoverTest {
    private static final Reason WHY = new Reason("why", "because");
    private static final long SECOND = 1_000_000_000;

    private final RecordedEffects recorded = new RecordedEffects();
    private final List<String> effects = recorded.effects;
    private StateMachine<BackupState> machine;

    private BackupCore core(BackupState state, boolean automatic, boolean witnessed) {
        effects.clear();
        machine =
                new StateMachine<>(
                        "g", BackupState.LEGAL, state, WHY, 0, (from, to, now, reason) -> {});
        return new BackupCore(machine, recorded, automatic, witnessed);
    }

    @Test
    void asksTheWitnessWithALoadedCopyAndRunsWhenItHasWon() {
        BackupCore core = core(BackupState.STANDBY, true, true);
        core.suspected(WHY, 1);
        assertThat(effects).containsExactly("hangUp", "load", "record CLAIMING", "claim");
        assertThat(machine.state()).isEqualTo(BackupState.CLAIMING);
        assertThatThrownBy(() -> core.concessionAsked("why", 2))
                .as("the witness may have given it the group already")
                .isInstanceOf(DomainException.class);
        core.takeover().won(3);
        assertThat(effects.subList(4, 7)).containsExactly("record ACTIVATED", "hangUp", "run");
        assertThat(core.fate()).isEqualTo(Fate.ACTIVATED);
    }

    @Test
    void givesItsCopyUpWhenThePrimaryHasWon() {
        BackupCore core = core(BackupState.STANDBY, true, true);
        core.suspected(WHY, 1);
        core.takeover().lost(WHY, 2);
        assertThat(effects.subList(4, 7)).containsExactly("record CONCEDED", "discard", "tell");
        assertThat(machine.state()).isEqualTo(BackupState.CONCEDED);
        assertThat(effects).doesNotContain("run");
    }

    @Test
    void copyFollowsOnWhileTheWitnessIsAway() {
        recorded.witnessLive = false;
        BackupCore core = core(BackupState.STANDBY, true, true);
        core.suspected(WHY, 0);
        assertThat(effects).isEmpty();
        assertThat(core.isFollowing()).isTrue();
        assertThat(machine.entry().reason().code()).isEqualTo("witness-away");
        for (int second = 1; second < 100; second++) {
            core.takeover().tick(second * SECOND);
        }
        assertThat(effects).isEmpty();
        recorded.witnessLive = true;
        core.takeover().tick(101 * SECOND);
        assertThat(effects).contains("claim");
    }

    @Test
    void claimOfAPrimaryThatIsBackIsNotMade() {
        recorded.witnessLive = false;
        BackupCore core = core(BackupState.STANDBY, true, true);
        core.suspected(WHY, 0);
        core.trusted(1);
        recorded.witnessLive = true;
        core.takeover().tick(SECOND);
        assertThat(effects).isEmpty();
    }

    @Test
    void whatIsWonIsRecordedBeforeItRunsHoweverLongThatTakes() {
        BackupCore core = core(BackupState.STANDBY, true, true);
        core.suspected(WHY, 0);
        recorded.recordFails = true;
        core.takeover().won(1);
        assertThat(machine.state()).isEqualTo(BackupState.CLAIMING);
        for (int second = 1; second < 100; second++) {
            core.takeover().tick(second * SECOND);
        }
        assertThat(effects).doesNotContain("run");
        recorded.recordFails = false;
        core.takeover().tick(101 * SECOND);
        assertThat(machine.state()).isEqualTo(BackupState.ACTIVE);
    }

    @Test
    void operatorMayDoWithoutTheWitnessWhichIsToldAllTheSame() {
        recorded.witnessLive = false;
        BackupCore core = core(BackupState.STANDBY, false, true);
        assertThatThrownBy(() -> core.failover(false, 0)).hasMessageContaining("witness");
        assertThat(effects).isEmpty();
        assertThat(core.failover(true, 1)).contains("runs here now");
        assertThat(effects).containsExactly("hangUp", "load", "record ACTIVATED", "run", "claim");
        core.takeover().lost(WHY, 2);
        assertThat(machine.state()).as("it runs on").isEqualTo(BackupState.ACTIVE);
        assertThat(machine.entry().reason().code()).isEqualTo("forced");
    }

    @Test
    void operatorMayEndTheWaitForAWitnessThatHasGone() {
        BackupCore core = core(BackupState.STANDBY, true, true);
        core.suspected(WHY, 0);
        assertThat(core.failover(false, 1)).contains("being asked");
        assertThat(core.failover(true, 2)).contains("runs here now");
        core.takeover().won(3);
        assertThat(effects.stream().filter("run"::equals)).hasSize(1);
    }

    @Test
    void claimIsTakenBackWhenItsCopyDies() {
        BackupCore core = core(BackupState.STANDBY, true, true);
        core.suspected(WHY, 0);
        core.giveUp(BackupReasons.STANDBY_LOST, 1);
        core.takeover().copyLost(1);
        assertThat(effects).endsWith("claim", "renounce");
        core.takeover().renounced(2);
        assertThat(effects).endsWith("renounce", "record CONCEDED", "discard", "tell");
        assertThat(machine.state()).isEqualTo(BackupState.CONCEDED);
    }

    @Test
    void whatIsLostIsRecordedHoweverLongThatTakes() {
        BackupCore core = core(BackupState.STANDBY, true, true);
        core.suspected(WHY, 0);
        recorded.recordFails = true;
        core.takeover().lost(WHY, 1);
        for (int second = 1; second < 100; second++) {
            core.takeover().tick(second * SECOND);
        }
        assertThat(machine.state()).isEqualTo(BackupState.CLAIMING);
        assertThat(effects).doesNotContain("discard");
        recorded.recordFails = false;
        core.takeover().tick(101 * SECOND);
        assertThat(machine.state()).isEqualTo(BackupState.CONCEDED);
    }
}
