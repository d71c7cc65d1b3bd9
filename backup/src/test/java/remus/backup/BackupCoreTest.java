package remus.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import remus.backup.BackupHost.Afterlife;
import remus.domain.DomainException;
import remus.ha.GroupRecord;
import remus.ha.Reason;
import remus.ha.StateMachine;
import remus.protocol.wire.Fate;

class BackupCoreTest {
    private static final Reason WHY = new Reason("why", "because");

    private static final List<GroupRecord.Member> MEMBERS = List.of(new GroupRecord.Member("vm"));
    private static final long SECOND = 1_000_000_000;

    private final RecordedEffects recorded = new RecordedEffects();
    private final List<String> effects = recorded.effects;
    private StateMachine<BackupState> machine;

    private BackupCore core(BackupState state, boolean automatic) {
        return core(state, automatic, false);
    }

    private BackupCore core(BackupState state, boolean automatic, boolean witnessed) {
        effects.clear();
        machine =
                new StateMachine<>(
                        "g", BackupState.LEGAL, state, WHY, 0, (from, to, now, reason) -> {});
        return new BackupCore(machine, recorded, automatic, witnessed);
    }

    private static Map<String, Consumer<BackupCore>> events() {
        Map<String, Consumer<BackupCore>> events = new LinkedHashMap<>();
        events.put("committed", core -> core.committed(1));
        events.put("trusted", core -> core.trusted(1));
        events.put("suspected", core -> core.suspected(WHY, 1));
        events.put("memberLost", core -> core.memberLost("killed", 1));
        events.put("memberSwitchedOff", core -> core.memberSwitchedOff("guest", 1));
        events.put("concessionAsked", core -> core.concessionAsked("why", 1));
        events.put("giveUp", core -> core.giveUp(WHY, 1));
        events.put("failover", core -> core.failover(false, 1));
        events.put("failover --force", core -> core.failover(true, 1));
        events.put("unprotect", core -> core.unprotect(1));
        events.put("tick", core -> core.takeover().tick(1L << 40));
        events.put("won", core -> claimed(core, takeover -> takeover.won(1)));
        events.put("lost", core -> claimed(core, takeover -> takeover.lost(WHY, 1)));
        events.put("stuck", core -> claimed(core, takeover -> takeover.stuck(WHY, 1)));
        events.put("ended", core -> core.followed(MEMBERS, List.of(Afterlife.OFF), 1));
        events.put("gone", core -> core.followed(MEMBERS, List.of(Afterlife.GONE), 1));
        events.put("replaced", core -> core.replaced(1));
        return events;
    }

    /** The witness answers whoever asked it, once. */
    private static void claimed(BackupCore core, Consumer<Takeover> answer) {
        if (core.isClaiming()) {
            answer.accept(core.takeover());
        }
    }

    /** Every triple of events in every state that can last. */
    @Test
    void everyEventHasAnOutcomeInEveryState() {
        for (BackupState state : BackupState.values()) {
            if (state == BackupState.TAKING_OVER) {
                continue; // begins and ends within one step
            }
            for (boolean automatic : new boolean[] {false, true}) {
                triples(state, automatic, false);
                triples(state, automatic, true);
            }
        }
    }

    private void triples(BackupState state, boolean automatic, boolean witnessed) {
        events().forEach(
                        (first, a) ->
                                events().forEach(
                                                (second, b) ->
                                                        events().forEach(
                                                                        (third, c) ->
                                                                                triple(
                                                                                        state,
                                                                                        automatic,
                                                                                        witnessed,
                                                                                        List.of(
                                                                                                a,
                                                                                                b,
                                                                                                c),
                                                                                        first + ", "
                                                                                                + second
                                                                                                + ", "
                                                                                                + third))));
    }

    private void triple(
            BackupState state,
            boolean automatic,
            boolean witnessed,
            List<Consumer<BackupCore>> events,
            String what) {
        BackupCore core = core(state, automatic, witnessed);
        assertThatCode(() -> events.forEach(event -> happens(core, event)))
                .as("%s: %s", state, what)
                .doesNotThrowAnyException();
        boolean activates = effects.contains("record ACTIVATED");
        boolean concedes = effects.contains("record CONCEDED");
        assertThat(activates && concedes).as("%s: %s: %s", state, what, effects).isFalse();
        if (effects.contains("run") && state != BackupState.CLAIMING) { // else an earlier life's
            assertThat(effects.contains("claim")).as("the witness knows").isEqualTo(witnessed);
            assertThat(effects.indexOf("hangUp")).isLessThan(effects.indexOf("load"));
            assertThat(effects.indexOf("load")).isLessThan(effects.indexOf("record ACTIVATED"));
            assertThat(effects.indexOf("record ACTIVATED")).isLessThan(effects.indexOf("run"));
        }
    }

    private static void happens(BackupCore core, Consumer<BackupCore> event) {
        try {
            event.accept(core);
        } catch (DomainException refusal) {
            assertThat(refusal.correction()).isNotEmpty();
        }
    }

    @Test
    void acknowledgesNothingBeforeTheCopyIsOnRecord() {
        BackupCore core = core(BackupState.SEEDING, false);
        core.begun();
        core.committed(1);
        assertThat(effects).containsExactly("record SEEDING", "record PROTECTED");
        assertThat(machine.state()).isEqualTo(BackupState.STANDBY);
        assertThat(core.fate()).isEqualTo(Fate.STANDBY);
    }

    @Test
    void takesOverInTheOrderThatCanBeUndone() {
        BackupCore core = core(BackupState.STANDBY, true);
        core.suspected(WHY, 1);
        assertThat(effects).containsExactly("hangUp", "load", "record ACTIVATED", "run");
        assertThat(core.fate()).isEqualTo(Fate.ACTIVATED);
    }

    @Test
    void failedLoadActivatesNothing() {
        recorded.loadFails = new Reason("no-memory", "there is no memory");
        BackupCore core = core(BackupState.STANDBY, false);
        assertThatThrownBy(() -> core.failover(false, 1)).isInstanceOf(DomainException.class);
        assertThat(effects).containsExactly("hangUp", "load");
        assertThat(machine.state()).isEqualTo(BackupState.STANDBY);
    }

    private long count(String effect) {
        return effects.stream().filter(effect::equals).count();
    }

    @Test
    void failedTakeoverIsTriedAgainAFewTimesInAutomaticMode() {
        recorded.loadFails = new Reason("record-failed", "the disk is full", "make room");
        BackupCore core = core(BackupState.STANDBY, true);
        core.suspected(WHY, 0);
        assertThat(machine.entry().reason().sentence()).contains("it is tried again");
        core.takeover().tick(SECOND / 4);
        assertThat(count("load")).as("not due yet").isEqualTo(1);
        assertThat(core.takeover().dueInNanos(0)).isEqualTo(SECOND / 2);
        for (int second = 1; second < 100; second++) {
            core.takeover().tick(second * SECOND);
        }
        assertThat(count("load")).isEqualTo(5);
        assertThat(machine.state()).isEqualTo(BackupState.STANDBY);
        assertThat(machine.entry().reason().code()).isEqualTo("record-failed");
        assertThat(machine.entry().reason().sentence()).doesNotContain("tried again");
        assertThat(machine.entry().reason().correction()).isEqualTo("make room");
    }

    @Test
    void secondTryTakesOver() {
        recorded.loadFails = new Reason("record-failed", "the disk is full");
        BackupCore core = core(BackupState.STANDBY, true);
        core.suspected(WHY, 0);
        recorded.loadFails = null;
        core.takeover().tick(SECOND);
        assertThat(machine.state()).isEqualTo(BackupState.ACTIVE);
        assertThat(machine.entry().reason().code()).isEqualTo("took-over");
        assertThat(core.takeover().dueInNanos(SECOND)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void nothingIsTriedAgainOnceThePrimaryIsBackOrAnOperatorDecides() {
        recorded.loadFails = new Reason("record-failed", "the disk is full");
        BackupCore core = core(BackupState.STANDBY, true);
        core.suspected(WHY, 0);
        core.trusted(1);
        core.takeover().tick(100 * SECOND);
        assertThat(count("load")).isEqualTo(1);
        BackupCore manual = core(BackupState.STANDBY, false);
        assertThatThrownBy(() -> manual.failover(false, 0)).isInstanceOf(DomainException.class);
        manual.takeover().tick(100 * SECOND);
        assertThat(count("load")).isEqualTo(1);
    }

    @Test
    void stateThatDoesNotLoadIsNotTriedAgain() {
        recorded.loadFails = new Reason("load-failed", "other CPU");
        BackupCore core = core(BackupState.STANDBY, true);
        core.suspected(WHY, 0);
        core.takeover().tick(100 * SECOND);
        assertThat(count("load")).isEqualTo(1);
        assertThat(machine.entry().reason().code()).isEqualTo("load-failed");
    }

    @Test
    void whatIsActivatedIsRunAgainInEveryMode() {
        recorded.runFails = new Reason("standby-does-not-run", "it says no");
        BackupCore core = core(BackupState.STANDBY, false);
        assertThatThrownBy(() -> core.failover(false, 0)).hasMessageContaining("it says no");
        assertThat(core.fate()).as("it is on record").isEqualTo(Fate.ACTIVATED);
        core.takeover().tick(SECOND);
        assertThat(count("run")).isEqualTo(2);
        recorded.runFails = null;
        assertThat(core.failover(false, SECOND)).contains("runs here now");
        assertThat(count("record ACTIVATED")).isEqualTo(1);
        assertThat(machine.entry().reason().code()).isEqualTo("took-over");
    }

    @Test
    void guestThatItsOwnerSwitchedOffAfterATakeoverIsOff() {
        BackupCore core = core(BackupState.ACTIVE, true);
        core.followed(MEMBERS, List.of(Afterlife.RUNNING), 1);
        assertThat(machine.state()).isEqualTo(BackupState.ACTIVE);
        core.followed(MEMBERS, List.of(Afterlife.OFF), 2);
        assertThat(effects).containsExactly("record OFF");
        assertThat(machine.state()).isEqualTo(BackupState.OFF);
        assertThat(machine.entry().reason().code()).isEqualTo("switched-off");
        assertThat(core.fate())
                .as("the primary's copy is old: it never speaks again")
                .isEqualTo(Fate.ACTIVATED);
    }

    @Test
    void guestThatIsGoneAfterATakeoverIsSaidAndNotRunAgain() {
        BackupCore core = core(BackupState.ACTIVE, true);
        core.followed(MEMBERS, List.of(Afterlife.GONE), 1);
        assertThat(machine.state()).isEqualTo(BackupState.LOST);
        assertThat(machine.entry().reason().code()).isEqualTo("domain-lost");
        assertThatThrownBy(() -> core.failover(false, 2)).hasMessageContaining("ended here");
        core.suspected(WHY, 3);
        core.takeover().tick(100 * SECOND);
        assertThat(effects).isEmpty();
        assertThat(core.fate()).isEqualTo(Fate.ACTIVATED);
        core.unprotect(4);
        assertThat(machine.state()).isEqualTo(BackupState.ENDED);
    }

    @Test
    void membersThatRunOnKeepTheGroupActive() {
        List<GroupRecord.Member> two =
                List.of(new GroupRecord.Member("vm1"), new GroupRecord.Member("vm2"));
        BackupCore core = core(BackupState.ACTIVE, true);
        core.followed(two, List.of(Afterlife.GONE, Afterlife.RUNNING), 1);
        assertThat(machine.state()).isEqualTo(BackupState.ACTIVE);
        assertThat(machine.entry().reason().sentence()).contains("vm1").contains("run on");
        core.followed(two, List.of(Afterlife.GONE, Afterlife.OFF), 2);
        assertThat(machine.state()).as("one of them by nobody's will").isEqualTo(BackupState.LOST);
    }

    @Test
    void manualModeOnlySaysThatThePrimaryIsSuspected() {
        BackupCore core = core(BackupState.STANDBY, false);
        core.suspected(WHY, 1);
        assertThat(effects).isEmpty();
        assertThat(machine.entry().reason().correction()).contains("remus failover");
        core.trusted(2);
        assertThat(machine.entry().reason().code()).isEqualTo("standby");
    }

    @Test
    void concedesOnRecordBeforeItDiscardsOrTells() {
        BackupCore core = core(BackupState.STANDBY, true);
        assertThat(core.concessionAsked("why", 1)).isTrue();
        assertThat(effects).containsExactly("record CONCEDED", "discard", "tell");
    }

    @Test
    void seedThatIsCutIsConcededNotForgotten() {
        BackupCore core = core(BackupState.SEEDING, true);
        core.suspected(WHY, 1);
        assertThat(effects).containsExactly("discard", "tell"); // SEEDING is a promise already
        assertThat(core.fate()).isEqualTo(Fate.CONCEDED);
    }

    @Test
    void neverConcedesWhatRuns() {
        BackupCore core = core(BackupState.ACTIVE, true);
        assertThat(core.concessionAsked("why", 1)).isFalse();
        assertThat(effects).isEmpty();
    }
}
