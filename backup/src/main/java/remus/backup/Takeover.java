package remus.backup;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.ha.GroupRecord.Standing;
import remus.ha.Reason;
import remus.ha.StateMachine;

/**
 * The part of {@link BackupCore} that takes a group over: load, ask the witness if there is one,
 * record, run. Pure, as the core is.
 *
 * <p>What is loaded is complete and paused before the witness is asked: a copy that cannot start
 * never wins. From the moment it is asked nothing is acknowledged, and only its record says how it
 * ended.
 */
final class Takeover {

    /** Failures that the next try would only meet again. */
    private static final Set<String> FOR_GOOD =
            Set.of("copy-spoiled", "load-failed", "standby-unusable", "standby-lost");

    private static final String AGAIN = ", it is tried again: ";

    private final StateMachine<BackupState> machine;
    private final BackupCore.Effects effects;
    private final boolean automatic;
    private final boolean witnessed;
    private final Tries tries = new Tries();

    /** Why the group was to be taken over. */
    private Reason ground = BackupReasons.STANDBY;

    /** The witness has given the group to this host. */
    private boolean won;

    /** Why it has not; null while it has not said so. */
    private @Nullable Reason lostBecause;

    /** ACTIVATED is on record, and not all domains run yet. */
    private boolean runUndone;

    Takeover(
            StateMachine<BackupState> machine,
            BackupCore.Effects effects,
            boolean automatic,
            boolean witnessed) {
        this.machine = machine;
        this.effects = effects;
        this.automatic = automatic;
        this.witnessed = witnessed;
    }

    boolean isUndone() {
        return runUndone;
    }

    /** The primary is back: it is not wanted any more. */
    void over() {
        tries.over();
    }

    /** Everything up to the claim, or without a witness up to the record, can be undone. */
    void begin(Reason why, long now) {
        begin(why, witnessed, now);
    }

    private void begin(Reason why, boolean byWitness, long now) {
        ground = why;
        if (byWitness && !effects.isWitnessLive()) {
            // the copy still follows: the primary may come back first
            Reason reason = BackupReasons.WITNESS_AWAITED.after(why.sentence() + "; ");
            machine.transition(BackupState.STANDBY, now, reason);
            if (automatic) {
                tries.later(now);
            }
            return;
        }
        machine.transition(BackupState.TAKING_OVER, now, why);
        effects.hangUp("this backup takes over: " + why.sentence());
        Reason failure = effects.load();
        if (failure == null) {
            failure = recorded(byWitness ? Standing.CLAIMING : Standing.ACTIVATED);
        }
        if (failure != null) {
            String words = "the takeover failed, nothing was activated";
            String then = automatic && isTriedAgain(failure, now) ? AGAIN : ": ";
            machine.transition(BackupState.STANDBY, now, failure.after(words + then));
            return;
        }
        tries.over();
        if (byWitness) {
            claim(now);
            return;
        }
        runAll(now);
        if (witnessed) {
            effects.claim(); // it shall know; what runs on an operator's word runs on
        }
    }

    /** Asks the witness; also what an earlier life of this agent asked and did not hear. */
    void claim(long now) {
        machine.transition(
                BackupState.CLAIMING, now, BackupReasons.CLAIMING.after(ground.sentence() + "; "));
        effects.claim();
    }

    /** The witness gave the group to this host. */
    void won(long now) {
        if (machine.state() != BackupState.CLAIMING) {
            return; // it runs already
        }
        won = true;
        Reason failure = recorded(Standing.ACTIVATED);
        if (failure == null) {
            tries.over();
            effects.hangUp("this backup has taken over"); // who asked meanwhile asks again
            runAll(now);
        } else {
            tries.later(now);
            machine.transition(
                    BackupState.CLAIMING, now, failure.after("won, and cannot be recorded: "));
        }
    }

    /** The witness did not: the primary goes on. */
    void lost(Reason why, long now) {
        if (machine.state() != BackupState.CLAIMING) {
            if (machine.state() == BackupState.ACTIVE) {
                machine.transition(BackupState.ACTIVE, now, BackupReasons.FORCED);
            }
            return;
        }
        lostBecause = why;
        Reason failure = recorded(Standing.CONCEDED);
        if (failure != null) {
            tries.later(now);
            machine.transition(
                    BackupState.CLAIMING, now, failure.after("lost, and cannot be recorded: "));
            return;
        }
        tries.over();
        effects.discard();
        machine.transition(BackupState.CONCEDED, now, why);
        effects.tellConceded(why.sentence());
    }

    /**
     * The loaded copy is gone before the witness has answered: what was asked is taken back, so
     * that the primary is not stopped for nothing.
     */
    void copyLost(long now) {
        if (machine.state() == BackupState.CLAIMING && !won && lostBecause == null) {
            machine.transition(
                    BackupState.CLAIMING,
                    now,
                    BackupReasons.STANDBY_LOST.after("the claim is taken back: "));
            effects.renounce();
        }
    }

    /** The claim that was taken back is void. */
    void renounced(long now) {
        lost(BackupReasons.STANDBY_LOST, now);
    }

    /** The witness's answer is not known yet. */
    void stuck(Reason why, long now) {
        if (machine.state() == BackupState.CLAIMING && !won) {
            machine.transition(BackupState.CLAIMING, now, why.after(ground.sentence() + "; "));
        }
    }

    /** It is on record that this side runs the group: that is tried again in every mode. */
    private void runAll(long now) {
        Reason failure = effects.run();
        boolean before = runUndone;
        runUndone = failure != null;
        if (failure == null) {
            tries.over();
            machine.transition(
                    BackupState.ACTIVE,
                    now,
                    new Reason("took-over", "this host runs the group since " + ground.sentence()));
            return;
        }
        String then = isTriedAgain(failure, now) ? AGAIN : ": ";
        if (!before || !FOR_GOOD.contains(failure.code())) { // else the first failure tells more
            String words = "the group was activated and does not run";
            machine.transition(BackupState.ACTIVE, now, failure.after(words + then));
        }
    }

    private boolean isTriedAgain(Reason failure, long now) {
        if (FOR_GOOD.contains(failure.code())) {
            tries.over();
            return false;
        }
        return tries.another(now);
    }

    /** Time has passed: what failed is tried again when it is due. */
    void tick(long now) {
        if (!tries.isDue(now)) {
            return;
        }
        if (machine.state() == BackupState.STANDBY) {
            begin(ground, now);
        } else if (machine.state() == BackupState.CLAIMING && won) {
            won(now);
        } else if (machine.state() == BackupState.CLAIMING && lostBecause != null) {
            lost(lostBecause, now);
        } else if (machine.state() == BackupState.ACTIVE && runUndone) {
            runAll(now);
        } else {
            tries.over();
        }
    }

    /** Nanoseconds until {@link #tick} has something to do. */
    long dueInNanos(long now) {
        return tries.dueInNanos(now);
    }

    /**
     * An operator wants it, now.
     *
     * @param force whether the operator vouches that the primary is lost: then the witness is told
     *     and not asked
     */
    void byOperator(boolean force, long now) {
        Reason operator = new Reason("operator", "an operator asked for the failover");
        switch (machine.state()) {
            case ACTIVE -> {
                ground = operator;
                runAll(now);
            }
            case CLAIMING -> {
                if (force) {
                    ground = operator;
                    won(now); // the claim goes on; whatever comes of it is shown
                }
            }
            default -> begin(operator, witnessed && !force, now);
        }
    }

    private @Nullable Reason recorded(Standing standing) {
        try {
            effects.record(standing);
            return null;
        } catch (DomainException e) {
            return Reason.of(e);
        }
    }
}
