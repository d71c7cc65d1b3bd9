package remus.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import remus.domain.DomainException;
import remus.ha.GroupRecord.Standing;
import remus.ha.Reason;
import remus.ha.StateMachine;
import remus.protocol.wire.Fate;

class BackupCoreTest {
    private static final Reason WHY = new Reason("why", "because");

    private final List<String> effects = new ArrayList<>();
    private StateMachine<BackupState> machine;
    private @Nullable Reason loadFails;

    private BackupCore core(BackupState state, boolean automatic) {
        effects.clear();
        machine =
                new StateMachine<>(
                        "g", BackupState.LEGAL, state, WHY, 0, (from, to, now, reason) -> {});
        return new BackupCore(machine, new Recorded(), automatic);
    }

    private final class Recorded implements BackupCore.Effects {
        @Override
        public void record(Standing standing) {
            effects.add("record " + standing);
        }

        @Override
        public void forget() {
            effects.add("forget");
        }

        @Override
        public void hangUp(String reason) {
            effects.add("hangUp");
        }

        @Override
        public @Nullable Reason load() {
            effects.add("load");
            return loadFails;
        }

        @Override
        public @Nullable Reason run() {
            effects.add("run");
            return null;
        }

        @Override
        public void discard() {
            effects.add("discard");
        }

        @Override
        public void tellConceded(String reason) {
            effects.add("tell");
        }
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
        events.put("failover", core -> core.failover(1));
        events.put("unprotect", core -> core.unprotect(1));
        events.put("replaced", core -> core.replaced(1));
        return events;
    }

    /** Every triple of events in every state that can last. */
    @Test
    void everyEventHasAnOutcomeInEveryState() {
        for (BackupState state : BackupState.values()) {
            if (state == BackupState.TAKING_OVER) {
                continue; // begins and ends within one step
            }
            for (boolean automatic : new boolean[] {false, true}) {
                triples(state, automatic);
            }
        }
    }

    private void triples(BackupState state, boolean automatic) {
        events().forEach(
                        (first, a) ->
                                events().forEach(
                                                (second, b) ->
                                                        events().forEach(
                                                                        (third, c) ->
                                                                                triple(
                                                                                        state,
                                                                                        automatic,
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
            BackupState state, boolean automatic, List<Consumer<BackupCore>> events, String what) {
        BackupCore core = core(state, automatic);
        assertThatCode(() -> events.forEach(event -> happens(core, event)))
                .as("%s: %s", state, what)
                .doesNotThrowAnyException();
        boolean activates = effects.contains("record ACTIVATED");
        boolean concedes = effects.contains("record CONCEDED");
        assertThat(activates && concedes).as("%s: %s: %s", state, what, effects).isFalse();
        if (effects.contains("run")) {
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
        loadFails = new Reason("no-memory", "there is no memory");
        BackupCore core = core(BackupState.STANDBY, false);
        assertThatThrownBy(() -> core.failover(1)).isInstanceOf(DomainException.class);
        assertThat(effects).containsExactly("hangUp", "load");
        assertThat(machine.state()).isEqualTo(BackupState.STANDBY);
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
