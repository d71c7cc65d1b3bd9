package remus.primary;

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
    private final Effects effects;
    private final boolean automatic;
    private Standing standing;
    private boolean connected;

    /** Go on trying by itself instead of giving up: it has been protected once. */
    private boolean persistent;

    /** The thread of pages is broken: only a new incarnation helps. */
    private boolean mustStartOver;

    private boolean switchedOff;

    /**
     * @param standing SEEDING for a new protection; what the record says for one that an earlier
     *     life of this agent began
     * @param automatic whether the backup takes over by itself
     */
    PrimaryCore(
            StateMachine<GroupState> machine,
            Effects effects,
            Standing standing,
            boolean adopted,
            boolean automatic) {
        this.machine = machine;
        this.effects = effects;
        this.standing = standing;
        this.automatic = automatic;
        this.persistent = adopted;
        this.mustStartOver = adopted;
        this.switchedOff = standing == Standing.OFF;
    }

    /** What the core has done; carried out in the order called. */
    interface Effects {
        /** Persist how far the group got; done before anything that relies on it. */
        void record(Standing standing);

        /** Forget the group's record. */
        void forget();

        /** Offer the group to the backup. */
        void offer();

        /** Arm the dirty logs; copy the memory round by round. */
        void seed();

        /** Hold the members' output and run laps. */
        void checkpoint();

        /** Release what is committed, send the rest again, go on with laps. */
        void resumeSession();

        /** Ask the backup to promise never to activate its copy. */
        void askConcession(String reason);

        /** Tell the backup that members are gone: by their owners' will, or not. */
        void tellMembersGone(boolean switchedOff, String detail);

        /** Release, detach, leave the domains as found; then begin again as a new incarnation. */
        void startOver();

        /** Release, detach, leave the domains as found. */
        void letGo();

        /** Stop and silence the members: the backup runs them. */
        void retire();

        /** End the hypervisor processes of retired or switched-off members. */
        void destroy();

        /** Close the connection; it is dialled again. */
        void hangUp(String reason);
    }

    Standing standing() {
        return standing;
    }

    /** The backup says what became of this incarnation there. */
    void welcomed(Fate fate, boolean canResume, long now) {
        connected = true;
        switch (fate) {
            case ACTIVATED -> superseded(now);
            case CONCEDED -> conceded("it had conceded", now);
            case STANDBY -> {
                if (standing != Standing.PROTECTED || mustStartOver || !canResume) {
                    effects.askConcession(machine.entry().reason().sentence());
                } else {
                    effects.resumeSession();
                    machine.transition(GroupState.PROTECTED, now, PROTECTED);
                }
            }
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
        if (machine.state() == GroupState.SEEDING) {
            persistent = true;
            machine.transition(GroupState.PROTECTED, now, PROTECTED);
        }
    }

    void conceded(String why, long now) {
        if (standing == Standing.SEEDING || standing == Standing.ACTIVATED) {
            return;
        }
        boolean leaving = machine.state() == GroupState.LEAVING;
        standing = Standing.SEEDING;
        effects.record(standing);
        if (leaving) {
            end(switchedOff, machine.entry().reason(), now);
        } else {
            Reason was = machine.entry().reason();
            startOver(
                    new Reason(
                            "starting-over",
                            "the backup gave its copy up ("
                                    + why
                                    + "); the guest runs unprotected until the next copy is"
                                    + " complete; before: "
                                    + was.code()),
                    now);
        }
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
        if (connected && machine.state() == GroupState.DEGRADED) {
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
        if (machine.state().isFinal() || machine.state() == GroupState.SUPERSEDED) {
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
            mustStartOver = true;
            hold(now, reason.code(), reason.sentence());
            effects.tellMembersGone(false, detail);
        }
    }

    void memberSwitchedOff(String name, String detail, long now) {
        if (machine.state().isFinal() || machine.state() == GroupState.SUPERSEDED) {
            return;
        }
        switchedOff = true;
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
            effects.destroy();
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

    private void hold(long now, String code, String sentence) {
        if (machine.state() != GroupState.LEAVING) {
            machine.transition(GroupState.DEGRADED, now, new Reason(code, sentence));
        }
    }

    private void giveUpOrRetry(Reason reason, long now) {
        if (machine.state().isFinal()) {
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
        connected = false;
        effects.startOver();
        machine.transition(GroupState.CONNECTING, now, reason);
    }

    private void end(boolean off, Reason reason, long now) {
        effects.letGo();
        if (off) {
            effects.destroy();
        }
        effects.forget();
        machine.transition(off ? GroupState.OFF : GroupState.UNPROTECTED, now, reason);
    }
}
