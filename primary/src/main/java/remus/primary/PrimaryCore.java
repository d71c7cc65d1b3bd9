package remus.primary;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.ha.GroupRecord.Standing;
import remus.ha.Reason;
import remus.ha.StateMachine;
import remus.protocol.wire.Fate;

/**
 * Decides what a primary does: events in, effects out, no I/O and no clock.
 *
 * <p>The rule behind every branch: once a complete copy may exist at the backup ({@link
 * Standing#PROTECTED}), output leaves only by an acknowledgement, by the backup's promise never to
 * activate that copy, or by an operator's word.
 */
final class PrimaryCore {
    private static final Reason PROTECTED =
            new Reason("protected", "every epoch is acknowledged before its output leaves");

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

    /** Members that their owners switched off while this agent looked on. */
    private final Set<String> offMembers = new HashSet<>();

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
            boolean automatic) {
        this.machine = machine;
        this.effects = effects;
        this.standing = standing;
        this.automatic = automatic;
        this.persistent = adopted;
        this.mustStartOver = adopted;
        this.membersHere = !adopted;
        this.switchedOff = standing == Standing.OFF;
    }

    Standing standing() {
        return standing;
    }

    /** The backup says what became of this incarnation there. */
    void welcomed(Fate fate, boolean canResume, long now) {
        if (isOver()) {
            return;
        }
        connected = true;
        switch (fate) {
            case ACTIVATED -> superseded(now);
            case CONCEDED -> conceded("it had conceded", now);
            case STANDBY -> standbyWaits(canResume, now);
            default -> {
                if (standing == Standing.SEEDING) {
                    effects.offer();
                } else {
                    hold(
                            now,
                            "backup-forgot",
                            "the backup has no record of this protection, so it cannot promise"
                                + " anything: output is held; make sure that no copy runs there,"
                                + " then `remus unprotect --force`");
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
                && machine.state() != GroupState.LEAVING) {
            effects.resumeSession();
            machine.transition(GroupState.PROTECTED, now, PROTECTED);
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
            hold(now, reason.code(), reason.sentence());
            effects.hangUp("refused: " + reason.code());
        }
    }

    void accepted(long now) {
        if (machine.state() == GroupState.CONNECTING) {
            machine.transition(
                    GroupState.SEEDING,
                    now,
                    new Reason("seeding", "memory is being copied while the guest runs"));
            effects.seed();
        }
    }

    /** The copy is close enough: from here on the backup may come to hold a complete one. */
    void seeded(long now) {
        standing = Standing.PROTECTED;
        effects.record(standing);
        effects.checkpoint();
    }

    void acknowledged(long now) {
        if (machine.state() == GroupState.SEEDING && standing == Standing.PROTECTED) {
            persistent = true;
            machine.transition(GroupState.PROTECTED, now, PROTECTED);
        }
    }

    void conceded(String why, long now) {
        if (isOver()) {
            return;
        }
        if (standing == Standing.SEEDING) {
            giveUpOrRetry(new Reason("backup-gave-up", "the backup gave its copy up: " + why), now);
            return;
        }
        Reason was = machine.entry().reason();
        if (machine.state() == GroupState.LEAVING) {
            end(switchedOff, was, now);
            return;
        }
        standing = Standing.SEEDING;
        effects.record(standing);
        startOver(
                new Reason(
                        "starting-over",
                        "the backup gave its copy up ("
                                + why
                                + "); the guest runs unprotected until the next copy is complete;"
                                + " before: "
                                + was.code()),
                now);
    }

    private void superseded(long now) {
        standing = Standing.ACTIVATED;
        effects.retire();
        effects.record(standing);
        machine.transition(
                GroupState.SUPERSEDED,
                now,
                new Reason(
                        "superseded",
                        "the backup has taken over and runs this group; the copy here is stopped"
                                + " and silent (`remus unprotect` destroys it)"));
    }

    void lost(String reason, long now) {
        connected = false;
        copyWaits = false;
        Reason why =
                new Reason(
                        "link-lost", "the connection to the backup " + reason + "; output is held");
        if (standing == Standing.SEEDING) {
            giveUpOrRetry(new Reason("backup-lost", "the connection to the backup " + reason), now);
        } else {
            hold(now, why.code(), why.sentence());
        }
    }

    void unreachable(String reason, long now) {
        if (standing == Standing.SEEDING && !persistent) {
            giveUpOrRetry(
                    new Reason(
                            "backup-unreachable",
                            "no agent answers there: "
                                    + reason
                                    + "; start `remus agent` on the backup or correct the address"),
                    now);
        }
    }

    /** The members could not be opened or attached. */
    void failed(Reason reason, long now) {
        if (standing == Standing.SEEDING) {
            giveUpOrRetry(reason, now);
        } else {
            breakOff(reason, now);
        }
    }

    /** The thread of pages is broken, or the standby no longer fits: only a new copy helps. */
    void breakOff(Reason reason, long now) {
        if (standing == Standing.SEEDING) {
            giveUpOrRetry(reason, now);
            return;
        }
        mustStartOver = true;
        hold(now, reason.code(), reason.sentence());
        if (connected && membersHere && loss == null && machine.state() == GroupState.DEGRADED) {
            effects.askConcession(reason.sentence());
        }
    }

    /** Something is off, but nothing changes: the reason is shown. */
    void remark(Reason reason, long now) {
        machine.transition(machine.state(), now, reason);
    }

    /** Back to normal after {@link #remark}. */
    void normal(long now) {
        if (machine.state() == GroupState.PROTECTED) {
            machine.transition(GroupState.PROTECTED, now, PROTECTED);
        }
    }

    void memberPaused(String name, String detail, long now) {
        remark(
                new Reason(
                        "guest-paused",
                        name
                                + " is paused, not by us ("
                                + detail
                                + "); checkpoints go on when it runs"),
                now);
    }

    void memberLost(String name, String detail, long now) {
        if (isOver() || standing == Standing.OFF || loss != null) {
            return;
        }
        Reason reason =
                new Reason(
                        "domain-lost",
                        name
                                + " died on this host ("
                                + detail
                                + ")"
                                + (standing != Standing.PROTECTED
                                        ? "; there was no complete copy yet"
                                        : automatic
                                                ? "; the backup takes over"
                                                : "; run `remus failover` on the backup"));
        if (standing == Standing.SEEDING) {
            end(false, reason, now);
        } else {
            loss = detail;
            mustStartOver = true;
            hold(now, reason.code(), reason.sentence());
            effects.tellMembersGone(false, detail);
        }
    }

    void memberSwitchedOff(String name, String detail, long now) {
        if (isOver()) {
            return;
        }
        switchedOff = true;
        offMembers.add(name);
        Reason reason =
                new Reason(
                        "switched-off", name + " was switched off by its owner (" + detail + ")");
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
        Reason reason =
                new Reason("unprotected", "let go by an operator; the guest is as it was found");
        if (machine.state().isFinal()) {
            return "it was not protected any more";
        }
        if (machine.state() == GroupState.SUPERSEDED) {
            effects.destroyRetired();
            effects.forget();
            machine.transition(
                    GroupState.UNPROTECTED,
                    now,
                    new Reason("cleaned-up", "the stale copy is destroyed"));
            return "the stale copy on this host is destroyed; the group runs at the backup";
        }
        boolean askedInVain = machine.state() == GroupState.LEAVING || !connected;
        if (standing == Standing.SEEDING || (force && askedInVain)) {
            end(switchedOff, reason, now);
            return "unprotected; the guest is as it was found";
        }
        if (loss != null && !force) {
            throw new DomainException(
                    "only-copy",
                    "the group died on this host (" + loss + "), and the backup has the only copy",
                    "run `remus failover` there, or give the copy up with --force");
        }
        if (!connected) {
            throw new DomainException(
                    "backup-unreachable",
                    "the backup cannot be asked to give its copy up, and if it has taken over, two"
                            + " copies would run",
                    "make sure that the backup does not run this group, then use --force");
        }
        machine.transition(GroupState.LEAVING, now, reason);
        effects.askConcession("unprotect");
        return "unprotecting";
    }

    /** Nothing that still comes, late, changes anything. */
    private boolean isOver() {
        return machine.state().isFinal() || machine.state() == GroupState.SUPERSEDED;
    }

    private void hold(long now, String code, String sentence) {
        if (machine.state() != GroupState.LEAVING && !isOver()) {
            machine.transition(GroupState.DEGRADED, now, new Reason(code, sentence));
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
        membersHere = true;
        connected = false;
        effects.startOver();
        machine.transition(GroupState.CONNECTING, now, reason);
    }

    private void end(boolean off, Reason reason, long now) {
        effects.letGo();
        if (off) {
            effects.destroySwitchedOff(offMembers);
        }
        effects.forget();
        machine.transition(off ? GroupState.OFF : GroupState.UNPROTECTED, now, reason);
    }
}
