package remus.primary;

import java.util.List;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.ha.GroupRecord.Standing;
import remus.ha.Reason;
import remus.ha.StateMachine;
import remus.protocol.wire.Fate;

/**
 * Decides what a primary does: events in, effects out, no I/O and no clock. The rule behind every
 * branch: once a complete copy may exist at the backup ({@link Standing#PROTECTED}), output leaves
 * only by an acknowledgement, by the backup's promise never to activate that copy, or by an
 * operator's word.
 */
final class PrimaryCore implements Licence.Holder {
    private final StateMachine<GroupState> machine;
    private final PrimaryEffects effects;
    private final boolean automatic;
    private Standing standing;
    private boolean connected;

    /** Go on trying by itself instead of giving up: it has been protected once. */
    private boolean persistent;

    /** The thread of pages is broken: only a new incarnation helps. */
    private boolean mustStartOver;

    private boolean switchedOff;

    private final MemberStates members = new MemberStates();
    private final Licence licence;

    /** What the backup refused; null once it welcomed us, or is away. */
    private @Nullable Reason refusal;

    /** Whether this host has its copies in hand; without them the backup's are the only ones. */
    private boolean membersHere;

    /** How a member died here; null while none did. */
    private @Nullable String loss;

    /** The backup's copy waits to hear what becomes of it. */
    private boolean copyWaits;

    /**
     * @param standing SEEDING for a new protection; what the record says for one that an earlier
     *     life of this agent began
     * @param automatic whether the backup takes over by itself
     */
    PrimaryCore(
            StateMachine<GroupState> machine,
            PrimaryEffects effects,
            Standing standing,
            boolean adopted,
            boolean automatic,
            Licence licence) {
        this.machine = machine;
        this.effects = effects;
        this.standing = standing;
        this.automatic = automatic;
        this.licence = licence;
        licence.heldBy(this);
        this.persistent = adopted;
        this.mustStartOver = adopted;
        this.membersHere = !adopted;
        this.switchedOff = standing == Standing.OFF;
    }

    @Override
    public Standing standing() {
        return standing;
    }

    MemberStates members() {
        return members;
    }

    /** The backup says what became of this incarnation there. */
    void welcomed(Fate fate, boolean canResume, long now) {
        if (isOver()) {
            return;
        }
        connected = true;
        refusal = null;
        switch (fate) {
            case ACTIVATED -> superseded(now);
            case CONCEDED -> conceded("it had conceded", now);
            case STANDBY -> standbyWaits(canResume, now);
            default -> {
                if (standing == Standing.SEEDING) {
                    effects.offer();
                } else {
                    hold(PrimaryReasons.BACKUP_FORGOT, now);
                    licence.missed(now);
                }
            }
        }
    }

    private void standbyWaits(boolean canResume, long now) {
        if (loss != null) {
            effects.tellMembersGone(false, loss);
        } else if (!membersHere && standing != Standing.OFF) {
            copyWaits = true;
        } else if (standing == Standing.PROTECTED
                && !mustStartOver
                && canResume
                && machine.state() != GroupState.LEAVING
                && licence.met()) {
            effects.resumeSession();
            machine.transition(
                    GroupState.PROTECTED, now, members.orPaused(PrimaryReasons.PROTECTED));
            licence.enter(now);
        } else {
            effects.askConcession(machine.entry().reason().sentence());
        }
    }

    /** The members that an earlier life of this agent left are found and held again. */
    void adopted() {
        membersHere = true;
        if (copyWaits) {
            copyWaits = false;
            effects.askConcession(machine.entry().reason().sentence());
        }
    }

    void refused(Reason reason, long now) {
        if (standing == Standing.SEEDING) {
            giveUpOrRetry(reason, now);
        } else {
            refusal = reason.after("the backup refuses: ");
            hold(refusal, now);
            effects.hangUp("refused: " + reason.code());
        }
    }

    void accepted(long now) {
        if (machine.state() == GroupState.CONNECTING) {
            machine.transition(GroupState.SEEDING, now, PrimaryReasons.SEEDING);
            effects.seed();
        }
    }

    /**
     * The copy is close enough: from here on the backup may come to hold a complete one. Returns
     * false if that must wait.
     */
    boolean seeded(long now) {
        if (!licence.mayBeEntered(now)) {
            return false; // output that is held now would be held until the witness is back
        }
        effects.record(Standing.PROTECTED);
        standing = Standing.PROTECTED;
        effects.checkpoint();
        return true;
    }

    void acknowledged(long now) {
        if (machine.state() == GroupState.SEEDING && standing == Standing.PROTECTED) {
            persistent = true;
            if (licence.enter(now)) {
                licensed(now);
            }
        }
    }

    void conceded(String why, long now) {
        if (isOver()) {
            return;
        }
        if (standing == Standing.SEEDING) {
            giveUpOrRetry(PrimaryReasons.backupGaveUp(why), now);
            return;
        }
        licence.ended();
        setFree(PrimaryReasons.startingOver(why, machine.entry().reason()), now);
    }

    @Override
    public void setFree(Reason why, long now) {
        if (machine.state() == GroupState.LEAVING) {
            end(switchedOff, machine.entry().reason(), now);
            return;
        }
        mustStartOver = true; // also if that cannot be recorded
        effects.record(Standing.SEEDING);
        standing = Standing.SEEDING;
        startOver(why, now);
    }

    @Override
    public void licensed(long now) {
        if (machine.state() == GroupState.SEEDING || machine.state() == GroupState.PROTECTED) {
            machine.transition(
                    GroupState.PROTECTED, now, members.orPaused(PrimaryReasons.PROTECTED));
        }
    }

    @Override
    public boolean mayGoAlone() {
        boolean here = membersHere && loss == null;
        return !isOver() && (here || standing == Standing.OFF);
    }

    @Override
    public void superseded(long now) {
        standing = Standing.ACTIVATED;
        effects.retire();
        effects.record(standing);
        machine.transition(GroupState.SUPERSEDED, now, PrimaryReasons.SUPERSEDED);
    }

    void lost(String reason, long now) {
        connected = false;
        copyWaits = false;
        if (standing == Standing.SEEDING) {
            giveUpOrRetry(PrimaryReasons.backupLost(reason), now);
        } else {
            licence.missed(now);
            hold(refusal != null ? refusal : PrimaryReasons.linkLost(reason), now);
        }
    }

    void unreachable(String reason, long now) {
        if (refusal != null) {
            refusal = null;
            hold(PrimaryReasons.linkLost("cannot be made: " + reason), now);
        }
        if (standing == Standing.SEEDING && !persistent) {
            giveUpOrRetry(PrimaryReasons.unreachable(reason), now);
        }
    }

    /** The thread of pages is broken, or the members are: only a new copy helps. */
    void breakOff(Reason reason, long now) {
        if (standing == Standing.SEEDING) {
            giveUpOrRetry(reason, now);
            return;
        }
        mustStartOver = true;
        hold(reason, now);
        if (connected && membersHere && loss == null && machine.state() == GroupState.DEGRADED) {
            effects.askConcession(reason.sentence());
        }
    }

    /** Something is off, but nothing changes: the reason is shown. */
    @Override
    public void remark(Reason reason, long now) {
        machine.transition(machine.state(), now, reason);
    }

    /** A whole epoch: all members run. */
    void lapDone(boolean othersFailedBefore, long now) {
        if (othersFailedBefore || members.standingStill() != null) {
            members.allRun();
            normal(now);
        }
    }

    /** Back to normal after {@link #remark}. */
    private void normal(long now) {
        switch (machine.state()) {
            case SEEDING ->
                    machine.transition(
                            GroupState.SEEDING, now, members.orPaused(PrimaryReasons.SEEDING));
            case PROTECTED ->
                    machine.transition(
                            GroupState.PROTECTED, now, members.orPaused(PrimaryReasons.PROTECTED));
            default -> {
                // what holds the output is worse
            }
        }
    }

    /** It is remembered in every state; shown where nothing worse is to be said. */
    void memberPaused(String name, String detail, long now) {
        members.paused(name, detail);
        normal(now);
    }

    void memberResumed(String name, long now) {
        members.resumed(name);
        normal(now);
    }

    /** Their processes are gone, and nobody switched them off. */
    void membersLost(List<String> names, String detail, long now) {
        names.forEach(name -> members.gone(name, detail));
        if (isOver() || standing == Standing.OFF || loss != null) {
            return;
        }
        boolean copyExists = standing == Standing.PROTECTED;
        Reason reason = PrimaryReasons.died(names, detail, copyExists, automatic);
        if (standing == Standing.SEEDING) {
            end(false, reason, now);
        } else {
            mustStartOver = true;
            hold(reason, now);
            loss = detail;
            effects.tellMembersGone(false, detail);
        }
    }

    void memberSwitchedOff(String name, String detail, long now) {
        if (isOver()) {
            return;
        }
        switchedOff = true;
        members.off(name, detail);
        Reason reason = PrimaryReasons.switchedOff(name, detail);
        if (standing == Standing.SEEDING) {
            end(true, reason, now);
            return;
        }
        standing = Standing.OFF;
        effects.record(standing);
        machine.transition(GroupState.LEAVING, now, reason);
        effects.tellMembersGone(true, detail);
        effects.askConcession(reason.sentence());
    }

    /**
     * An operator wants the group let go.
     *
     * @return what happens, one sentence
     * @throws DomainException if it may not be done without the backup's promise
     */
    String unprotect(boolean force, long now) {
        boolean askable = connected || licence.isWitnessed();
        Parting parting = Parting.of(machine.state(), standing, force, connected, askable, loss);
        switch (parting) {
            case CLEAN_UP -> {
                effects.destroyRetired();
                effects.forget();
                machine.transition(GroupState.UNPROTECTED, now, PrimaryReasons.CLEANED_UP);
            }
            case AT_ONCE -> end(switchedOff, PrimaryReasons.UNPROTECTED, now);
            case ASK -> {
                machine.transition(GroupState.LEAVING, now, PrimaryReasons.UNPROTECTED);
                if (connected) {
                    effects.askConcession("unprotect");
                } else {
                    licence.missed(now);
                }
            }
            default -> {
                // it is over
            }
        }
        return parting.sentence;
    }

    /** Nothing that still comes, late, changes anything. */
    @Override
    public boolean isOver() {
        return machine.state().isFinal() || machine.state() == GroupState.SUPERSEDED;
    }

    /** Nothing hides that the only copy is the backup's. */
    private void hold(Reason reason, long now) {
        if (machine.state() != GroupState.LEAVING && !isOver() && loss == null) {
            machine.transition(GroupState.DEGRADED, now, reason);
        }
    }

    private void giveUpOrRetry(Reason reason, long now) {
        if (isOver()) {
            return;
        }
        if (persistent) {
            startOver(reason, now);
        } else {
            end(false, reason, now);
        }
    }

    private void startOver(Reason reason, long now) {
        mustStartOver = false;
        loss = null;
        refusal = null;
        membersHere = true;
        connected = false;
        members.forget();
        effects.startOver();
        machine.transition(GroupState.CONNECTING, now, reason);
    }

    private void end(boolean off, Reason reason, long now) {
        effects.letGo();
        if (off) {
            effects.destroySwitchedOff(members.with(MemberStates.State.OFF));
        }
        effects.forget();
        machine.transition(off ? GroupState.OFF : GroupState.UNPROTECTED, now, reason);
    }
}
