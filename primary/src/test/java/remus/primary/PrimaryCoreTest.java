package remus.primary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import remus.domain.DomainException;
import remus.ha.GroupRecord.Standing;
import remus.ha.Reason;
import remus.ha.StateMachine;
import remus.primary.Licence.Wish;
import remus.protocol.wire.Fate;

class PrimaryCoreTest {
    private static final Reason WHY = new Reason("why", "because");

    private static final long PATIENCE = 100;

    private final RecordedEffects recorded = new RecordedEffects();
    private final List<String> effects = recorded.effects;
    private StateMachine<GroupState> machine;
    private Licence licence;

    private PrimaryCore core(GroupState state, Standing standing, boolean adopted) {
        return core(state, standing, adopted, false);
    }

    private PrimaryCore core(
            GroupState state, Standing standing, boolean adopted, boolean witnessed) {
        effects.clear();
        machine =
                new StateMachine<>(
                        "g", GroupState.LEGAL, state, WHY, 0, (from, to, now, reason) -> {});
        licence = new Licence(witnessed, PATIENCE, recorded);
        return new PrimaryCore(machine, recorded, standing, adopted, true, licence);
    }

    private Map<String, Consumer<PrimaryCore>> events() {
        Map<String, Consumer<PrimaryCore>> events = new LinkedHashMap<>();
        for (Fate fate : List.of(Fate.UNKNOWN, Fate.STANDBY, Fate.ACTIVATED, Fate.CONCEDED)) {
            events.put("welcomed " + fate, core -> core.welcomed(fate, false, 1));
            events.put("welcomed, can resume " + fate, core -> core.welcomed(fate, true, 1));
        }
        events.put("refused", core -> core.refused(WHY, 1));
        events.put("accepted", core -> core.accepted(1));
        events.put("acknowledged", core -> core.acknowledged(1));
        events.put("conceded", core -> core.conceded("why", 1));
        events.put("lost", core -> core.lost("closed", 1));
        events.put("unreachable", core -> core.unreachable("refused", 1));
        events.put("breakOff", core -> core.breakOff(WHY, 1));
        events.put("remark", core -> core.remark(WHY, 1));
        events.put("lapDone", core -> core.lapDone(true, 1));
        events.put("memberResumed", core -> core.memberResumed("vm", 1));
        events.put("adopted", PrimaryCore::adopted);
        events.put("memberPaused", core -> core.memberPaused("vm", "paused", 1));
        events.put("memberLost", core -> core.membersLost(List.of("vm"), "killed", 1));
        events.put("memberSwitchedOff", core -> core.memberSwitchedOff("vm", "guest", 1));
        for (Wish wish : Wish.values()) {
            events.put("granted " + wish, core -> licence.granted(wish, 1));
            events.put("denied " + wish, core -> licence.denied(wish, 1));
        }
        events.put("seeded", core -> licence.mayBeEntered(1));
        events.put("unanswered", core -> licence.unanswered(WHY, 1));
        events.put("tick", core -> licence.tick(1000));
        events.put("opened", core -> licence.opened());
        events.put("unprotect", core -> core.unprotect(false, 1));
        events.put("unprotect --force", core -> core.unprotect(true, 1));
        return events;
    }

    private static final Map<GroupState, List<Standing>> STANDINGS =
            Map.of(
                    GroupState.CONNECTING, List.of(Standing.SEEDING),
                    GroupState.SEEDING, List.of(Standing.SEEDING, Standing.PROTECTED),
                    GroupState.PROTECTED, List.of(Standing.PROTECTED),
                    GroupState.DEGRADED, List.of(Standing.PROTECTED),
                    GroupState.LEAVING, List.of(Standing.PROTECTED, Standing.OFF),
                    GroupState.UNPROTECTED, List.of(Standing.SEEDING, Standing.PROTECTED),
                    GroupState.SUPERSEDED, List.of(Standing.ACTIVATED),
                    GroupState.OFF, List.of(Standing.SEEDING, Standing.OFF));

    /** Every event, and every pair of events, in every state; messages may always come late. */
    @Test
    void everyEventHasAnOutcomeInEveryState() {
        STANDINGS.forEach(
                (state, standings) ->
                        standings.forEach(
                                standing -> {
                                    for (boolean adopted : new boolean[] {false, true}) {
                                        everyPair(state, standing, adopted, false);
                                        everyPair(state, standing, adopted, true);
                                    }
                                }));
    }

    private void everyPair(
            GroupState state, Standing standing, boolean adopted, boolean witnessed) {
        events().forEach(
                        (first, begin) ->
                                events().forEach(
                                                (then, end) -> {
                                                    PrimaryCore core =
                                                            core(
                                                                    state, standing, adopted,
                                                                    witnessed);
                                                    assertThatCode(
                                                                    () -> {
                                                                        happens(core, begin);
                                                                        happens(core, end);
                                                                    })
                                                            .as(
                                                                    "%s, %s: %s, then %s",
                                                                    state, standing, first, then)
                                                            .doesNotThrowAnyException();
                                                    speaksOnlyByLicence(state, standing);
                                                }));
    }

    private static void happens(PrimaryCore core, Consumer<PrimaryCore> event) {
        try {
            event.accept(core);
        } catch (DomainException refusal) {
            assertThat(refusal.correction()).isNotEmpty();
        }
    }

    /** What never runs again is never released, and a copy of the backup's is never destroyed. */
    private void speaksOnlyByLicence(GroupState state, Standing standing) {
        int retired = effects.indexOf("retire");
        if (retired >= 0) {
            assertThat(effects.subList(retired, effects.size()))
                    .doesNotContain("letGo", "startOver", "resumeSession", "checkpoint");
        }
        if (state == GroupState.SUPERSEDED || standing == Standing.ACTIVATED) {
            assertThat(effects).doesNotContain("letGo", "startOver", "resumeSession", "ask");
        }
    }

    @Test
    void holdsBeforeItSaysThatACopyMayExist() {
        PrimaryCore core = core(GroupState.CONNECTING, Standing.SEEDING, false);
        core.welcomed(Fate.UNKNOWN, false, 1);
        core.accepted(2);
        core.seeded(3);
        core.acknowledged(4);
        assertThat(effects).containsExactly("offer", "seed", "record PROTECTED", "checkpoint");
        assertThat(machine.state()).isEqualTo(GroupState.PROTECTED);
    }

    @Test
    void concessionIsRecordedBeforeOutputIsReleased() {
        PrimaryCore core = core(GroupState.DEGRADED, Standing.PROTECTED, false);
        core.conceded("why", 1);
        assertThat(effects).containsExactly("record SEEDING", "startOver");
    }

    @Test
    void supersededStopsFirstAndIsRecordedThen() {
        PrimaryCore core = core(GroupState.DEGRADED, Standing.PROTECTED, true);
        core.welcomed(Fate.ACTIVATED, false, 1);
        assertThat(effects).containsExactly("retire", "record ACTIVATED");
        assertThat(machine.state()).isEqualTo(GroupState.SUPERSEDED);
    }

    @Test
    void lossIsToldWhenTheBackupIsBackAndNoCopyIsGivenUp() {
        PrimaryCore core = core(GroupState.PROTECTED, Standing.PROTECTED, false);
        core.lost("closed", 1);
        core.membersLost(List.of("vm"), "killed", 2);
        effects.clear();
        core.welcomed(Fate.STANDBY, true, 3);
        core.breakOff(WHY, 4);
        assertThat(effects).containsExactly("tell lost");
        assertThatThrownBy(() -> core.unprotect(false, 5)).hasMessageContaining("only copy");
    }

    @Test
    void restartedAgentAsksOnlyWithItsMembersInHand() {
        PrimaryCore core = core(GroupState.DEGRADED, Standing.PROTECTED, true);
        core.welcomed(Fate.STANDBY, true, 1);
        assertThat(effects).isEmpty();
        core.adopted();
        assertThat(effects).containsExactly("ask");
    }

    @Test
    void leavingDoesNotTurnBackWhenTheConnectionDoes() {
        PrimaryCore core = core(GroupState.PROTECTED, Standing.PROTECTED, false);
        core.welcomed(Fate.STANDBY, true, 1);
        core.unprotect(false, 2);
        core.lost("closed", 3);
        effects.clear();
        core.welcomed(Fate.STANDBY, true, 4);
        assertThat(effects).containsExactly("ask");
        core.conceded("asked", 5);
        assertThat(effects).containsExactly("ask", "letGo", "forget");
        assertThat(machine.state()).isEqualTo(GroupState.UNPROTECTED);
    }

    @Test
    void pausedGuestNeverHidesThatOutputIsHeld() {
        PrimaryCore core = core(GroupState.PROTECTED, Standing.PROTECTED, false);
        core.breakOff(WHY, 1);
        core.memberPaused("vm", "by its owner", 2);
        assertThat(machine.entry().reason()).isEqualTo(WHY);
        assertThat(core.members().of("vm")).isEqualTo(MemberStates.State.PAUSED);
    }

    @Test
    void pausedGuestIsSaidAgainWhenTheWorseIsOver() {
        PrimaryCore core = core(GroupState.PROTECTED, Standing.PROTECTED, false);
        core.lost("closed", 1);
        core.memberPaused("vm1", "by its owner", 2);
        core.memberPaused("vm2", "by its owner", 2);
        assertThat(machine.entry().reason().code()).isEqualTo("link-lost");
        core.welcomed(Fate.STANDBY, true, 3);
        assertThat(machine.entry().reason().code()).isEqualTo("guest-paused");
        core.memberResumed("vm1", 4);
        assertThat(machine.entry().reason().sentence()).contains("vm2").doesNotContain("vm1");
        core.lapDone(false, 5);
        assertThat(machine.entry().reason().code()).isEqualTo("protected");
    }

    @Test
    void nothingHidesThatTheOnlyCopyIsTheBackups() {
        PrimaryCore core = core(GroupState.PROTECTED, Standing.PROTECTED, false);
        core.membersLost(List.of("vm"), "killed", 1);
        core.lost("closed by peer", 2);
        core.breakOff(WHY, 3);
        assertThat(machine.entry().reason().code()).isEqualTo("domain-lost");
    }

    @Test
    void refusalOutlivesTheConnectionThatItCloses() {
        PrimaryCore core = core(GroupState.PROTECTED, Standing.PROTECTED, false);
        core.welcomed(Fate.STANDBY, true, 1);
        core.refused(new Reason("wrong-version", "versions 1 to 1", "upgrade"), 2);
        core.lost("closed by peer", 3);
        assertThat(machine.entry().reason().code()).isEqualTo("wrong-version");
        assertThat(machine.entry().reason().correction()).isEqualTo("upgrade");
        core.unreachable("connection refused", 4);
        assertThat(machine.entry().reason().code())
                .as("nobody is there to refuse any more")
                .isEqualTo("link-lost");
        core.refused(new Reason("wrong-version", "versions 1 to 1", "upgrade"), 5);
        core.welcomed(Fate.STANDBY, true, 6);
        core.lost("closed by peer", 7);
        assertThat(machine.entry().reason().code()).isEqualTo("link-lost");
    }

    @Test
    void onlySwitchedOffMembersAreEnded() {
        PrimaryCore core = core(GroupState.PROTECTED, Standing.PROTECTED, false);
        core.memberSwitchedOff("vm1", "guest", 1);
        assertThat(effects).containsExactly("record OFF", "tell off", "ask");
        effects.clear();
        core.conceded("switched off", 2);
        assertThat(effects).containsExactly("letGo", "destroy [vm1]", "forget");
    }
}
