package remus.primary;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import remus.ha.GroupRecord.Standing;
import remus.ha.Reason;
import remus.ha.StateMachine;
import remus.primary.Licence.Wish;
import remus.protocol.wire.Fate;

class LicenceTest {
    private static final long PATIENCE = 100;
    private static final long SECOND = 1_000_000_000;

    private final RecordedEffects recorded = new RecordedEffects();
    private final List<String> effects = recorded.effects;
    private StateMachine<GroupState> machine;
    private Licence licence;

    private PrimaryCore witnessed(GroupState state, Standing standing) {
        effects.clear();
        machine =
                new StateMachine<>(
                        "g",
                        GroupState.LEGAL,
                        state,
                        new Reason("why", "because"),
                        0,
                        (from, to, now, reason) -> {});
        licence = new Licence(true, PATIENCE, recorded);
        return new PrimaryCore(machine, recorded, standing, false, true, licence);
    }

    @Test
    void offersNothingBeforeTheWitnessSaysThatItIsAlone() {
        witnessed(GroupState.CONNECTING, Standing.SEEDING);
        licence.opened();
        assertThat(effects).containsExactly("ask ALONE");
        assertThat(licence.mayOffer()).isFalse();
        licence.granted(Wish.ALONE, 1);
        assertThat(licence.mayOffer()).isTrue();
    }

    @Test
    void releasesNothingBeforeTheWitnessKnowsThatTheCopyIsComplete() {
        PrimaryCore core = witnessed(GroupState.SEEDING, Standing.SEEDING);
        core.seeded(1);
        core.acknowledged(2);
        core.acknowledged(3);
        assertThat(effects).containsExactly("record PROTECTED", "checkpoint", "ask PROTECTED");
        assertThat(machine.state()).isEqualTo(GroupState.SEEDING);
        assertThat(machine.entry().reason().code()).isEqualTo("entering");
        core.welcomed(Fate.STANDBY, true, 3);
        licence.granted(Wish.PROTECTED, 4);
        assertThat(effects).contains("license");
        assertThat(machine.state()).isEqualTo(GroupState.PROTECTED);
        assertThat(machine.entry().reason().code()).isEqualTo("protected");
    }

    @Test
    void holdsNoOutputWhileTheWitnessIsAway() {
        PrimaryCore core = witnessed(GroupState.SEEDING, Standing.SEEDING);
        recorded.witnessLive = false;
        core.seeded(1);
        assertThat(effects).isEmpty();
        assertThat(machine.entry().reason().code()).isEqualTo("witness-away");
    }

    @Test
    void goesOnAloneByTheWitnessWhenTheBackupStaysAway() {
        PrimaryCore core = witnessed(GroupState.PROTECTED, Standing.PROTECTED);
        core.lost("closed", 10);
        licence.tick(50);
        assertThat(effects).as("it may come back yet").isEmpty();
        licence.tick(10 + PATIENCE);
        assertThat(effects).containsExactly("ask ALONE");
        licence.granted(Wish.ALONE, 200);
        assertThat(effects).containsExactly("ask ALONE", "record SEEDING", "startOver");
        assertThat(machine.state()).isEqualTo(GroupState.CONNECTING);
        assertThat(machine.entry().reason().code()).isEqualTo("alone");
    }

    @Test
    void stopsItsCopyWhenTheWitnessGaveTheGroupToTheBackup() {
        PrimaryCore core = witnessed(GroupState.PROTECTED, Standing.PROTECTED);
        core.lost("closed", 10);
        licence.tick(10 + PATIENCE);
        licence.denied(Wish.ALONE, 200);
        assertThat(effects).containsExactly("ask ALONE", "retire", "record ACTIVATED");
        assertThat(machine.state()).isEqualTo(GroupState.SUPERSEDED);
    }

    @Test
    void backupThatComesBackInTimeIsFollowedAgain() {
        PrimaryCore core = witnessed(GroupState.PROTECTED, Standing.PROTECTED);
        core.lost("closed", 10);
        core.welcomed(Fate.STANDBY, true, 60);
        licence.tick(1000);
        assertThat(effects).doesNotContain("ask ALONE");
        assertThat(machine.state()).isEqualTo(GroupState.PROTECTED);
    }

    @Test
    void afterSomethingIsHandedOverNothingIsResumedAndTheBackupIsAskedToo() {
        PrimaryCore core = witnessed(GroupState.PROTECTED, Standing.PROTECTED);
        core.lost("closed", 10);
        licence.tick(10 + PATIENCE);
        recorded.handedOver = true;
        core.welcomed(Fate.STANDBY, true, 120);
        assertThat(effects).containsExactly("ask ALONE", "ask");
        assertThat(machine.state()).isEqualTo(GroupState.DEGRADED);
        core.conceded("asked", 130);
        assertThat(effects).endsWith("record SEEDING", "startOver");
    }

    @Test
    void neverGoesOnAloneWithoutItsGuest() {
        PrimaryCore core = witnessed(GroupState.PROTECTED, Standing.PROTECTED);
        core.membersLost(List.of("vm"), "killed", 5);
        core.lost("closed", 10);
        licence.tick(1000);
        assertThat(effects).doesNotContain("ask ALONE");
    }

    @Test
    void answersToWhatIsNotWantedAnyMoreChangeNothing() {
        PrimaryCore core = witnessed(GroupState.PROTECTED, Standing.PROTECTED);
        core.lost("closed", 10);
        licence.tick(10 + PATIENCE);
        core.welcomed(Fate.STANDBY, true, 120);
        effects.clear();
        licence.granted(Wish.ALONE, 130);
        licence.denied(Wish.ALONE, 130);
        assertThat(effects).isEmpty();
    }

    @Test
    void tellsTheWitnessWhatItsOwnerSwitchedOff() {
        PrimaryCore core = witnessed(GroupState.PROTECTED, Standing.PROTECTED);
        core.memberSwitchedOff("vm", "guest", 5);
        core.lost("closed", 10);
        licence.tick(1000);
        assertThat(effects).contains("ask OFF");
        licence.granted(Wish.OFF, 1001);
        assertThat(machine.state()).isEqualTo(GroupState.OFF);
    }

    @Test
    void backupThatRefusesAPromiseDoesNotKeepItFromAskingTheWitness() {
        PrimaryCore core = witnessed(GroupState.PROTECTED, Standing.PROTECTED);
        core.lost("closed", 10);
        core.welcomed(Fate.STANDBY, false, 60);
        core.refused(new Reason("claiming", "it has claimed"), 70);
        core.lost("refused", 70);
        core.welcomed(Fate.STANDBY, false, 90);
        licence.tick(10 + PATIENCE);
        assertThat(effects).contains("ask ALONE");
    }

    @Test
    void entryThatIsNotAnsweredEndsInAPromiseOfTheBackup() {
        PrimaryCore core = witnessed(GroupState.SEEDING, Standing.SEEDING);
        core.seeded(1);
        core.acknowledged(2);
        licence.unanswered(new Reason("witness-away", "it is away"), SECOND);
        assertThat(effects).doesNotContain("ask");
        licence.unanswered(new Reason("witness-away", "it is away"), 6 * SECOND);
        assertThat(effects).endsWith("ask");
        core.conceded("asked", 6 * SECOND);
        assertThat(effects).endsWith("record SEEDING", "startOver");
    }

    @Test
    void grantThatCannotBeRecordedIsAskedForAgain() {
        PrimaryCore core = witnessed(GroupState.PROTECTED, Standing.PROTECTED);
        core.lost("closed", 10);
        licence.tick(10 + PATIENCE);
        recorded.recordFails = true;
        licence.granted(Wish.ALONE, 200);
        core.welcomed(Fate.STANDBY, true, 210);
        assertThat(effects).as("nothing may be as before").doesNotContain("resumeSession");
        recorded.recordFails = false;
        licence.tick(200 + PATIENCE);
        licence.granted(Wish.ALONE, 400);
        assertThat(effects).endsWith("record SEEDING", "startOver");
    }
}
