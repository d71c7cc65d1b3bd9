package remus.backup;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import remus.backup.BackupHost.Afterlife;
import remus.domain.DomainException;
import remus.ha.GroupRecord;
import remus.ha.GroupRecord.Standing;
import remus.ha.Reason;
import remus.ha.StateMachine;
import remus.protocol.wire.Fate;

/**
 * Decides what a backup does: events in, effects out, no I/O and no clock.
 *
 * <p>The rule behind every branch: activating and conceding exclude each other, and whichever comes
 * first is on disk before it has any effect.
 */
final class BackupCore {

    private final StateMachine<BackupState> machine;
    private final Effects effects;
    private final boolean automatic;
    private final Takeover takeover;

    /**
     * @param automatic whether a suspicion is enough to take over
     * @param witnessed whether the witness decides who may
     */
    BackupCore(
            StateMachine<BackupState> machine,
            Effects effects,
            boolean automatic,
            boolean witnessed) {
        this.machine = machine;
        this.effects = effects;
        this.automatic = automatic;
        takeover = new Takeover(machine, effects, automatic, witnessed);
    }

    /** Its part that takes over. */
    Takeover takeover() {
        return takeover;
    }

    /** What the core has done; carried out in the order called. */
    interface Effects {
        /** Persist how far the group got; done before anything that relies on it. */
        void record(Standing standing);

        /** Forget the group's record. */
        void forget();

        /** Close the connections to the primary: nothing is acknowledged from here on. */
        void hangUp(String reason);

        /**
         * Load the device states; the domains are complete and paused. Returns a failure or null.
         */
        @Nullable Reason load();

        /** Whether a session with the witness is live. */
        boolean isWitnessLive();

        /** Ask the witness for the group, until it is certain what it holds. */
        void claim();

        /** Take back what was asked of the witness: the copy is gone. */
        void renounce();

        /** Open the network and let the domains run. Returns a failure or null. */
        @Nullable Reason run();

        /** Destroy the copies. */
        void discard();

        /** Tell the primary that its copy will never be activated. */
        void tellConceded(String reason);
    }

    /** What the primary is told when it asks. */
    Fate fate() {
        return switch (machine.state()) {
            case SEEDING, STANDBY, TAKING_OVER, CLAIMING -> Fate.STANDBY;
            case ACTIVE, OFF, LOST -> Fate.ACTIVATED;
            case CONCEDED -> Fate.CONCEDED;
            case ENDED -> Fate.UNKNOWN;
        };
    }

    /** The standbys are made: an agent that starts anew must know of them. */
    void begun() {
        effects.record(Standing.SEEDING);
    }

    /** The standbys cannot be made: nobody was promised anything. */
    void neverBegan(Reason why, long now) {
        machine.transition(BackupState.ENDED, now, why);
    }

    /** A new incarnation takes the place, and the record, of this one that was given up. */
    void replaced(long now) {
        if (machine.state() == BackupState.CONCEDED) {
            machine.transition(
                    BackupState.ENDED, now, new Reason("replaced", "the group is protected anew"));
        }
    }

    /** Whether the witness has yet to say who runs the group. */
    boolean isClaiming() {
        return machine.state() == BackupState.CLAIMING;
    }

    /** Whether epochs are taken. */
    boolean isFollowing() {
        return machine.state() == BackupState.SEEDING || machine.state() == BackupState.STANDBY;
    }

    /** An epoch is complete and verified. Its acknowledgement may be sent when this returns. */
    void committed(long now) {
        if (machine.state() == BackupState.SEEDING) {
            effects.record(Standing.PROTECTED);
            machine.transition(BackupState.STANDBY, now, BackupReasons.STANDBY);
        }
    }

    /** The primary is heard of again. */
    void trusted(long now) {
        if (machine.state() == BackupState.STANDBY) {
            takeover.over();
            machine.transition(BackupState.STANDBY, now, BackupReasons.STANDBY);
        }
    }

    /** The primary is suspected. */
    void suspected(Reason why, long now) {
        switch (machine.state()) {
            case SEEDING -> concede(why, now);
            case STANDBY -> {
                if (automatic) {
                    takeover.begin(why, now);
                } else {
                    machine.transition(
                            BackupState.STANDBY,
                            now,
                            new Reason(
                                    why.code(),
                                    why.sentence(),
                                    "run `remus failover` here to resume the group on this"
                                            + " host"));
                }
            }
            default -> {
                // nothing to lose, or decided already
            }
        }
    }

    /** The primary says that its copy died although nobody switched it off. */
    void memberLost(String detail, long now) {
        suspected(
                new Reason("domain-lost", "the domain died at the primary (" + detail + ")"), now);
    }

    /** The guest's owner switched it off: nobody resurrects it. */
    void memberSwitchedOff(String detail, long now) {
        if (machine.state() == BackupState.SEEDING || machine.state() == BackupState.STANDBY) {
            concede(
                    new Reason(
                            "switched-off",
                            "the guest was switched off by its owner (" + detail + ")"),
                    now);
        }
    }

    /**
     * The primary asks for the promise. Returns whether it was given; if not, this side runs the
     * group.
     *
     * @throws DomainException {@code claiming} if that is not decided
     */
    boolean concessionAsked(String why, long now) {
        switch (machine.state()) {
            case SEEDING, STANDBY ->
                    concede(
                            new Reason(
                                    "conceded",
                                    "the copy was given up at the primary's request: " + why),
                            now);
            case CONCEDED -> effects.tellConceded(machine.entry().reason().text());
            case CLAIMING ->
                    throw new DomainException(
                            "claiming",
                            "this backup has asked the witness for the group",
                            "wait for its answer");
            default -> {
                return false;
            }
        }
        return true;
    }

    /** The copy cannot be used any more. */
    void giveUp(Reason why, long now) {
        if (machine.state() == BackupState.SEEDING || machine.state() == BackupState.STANDBY) {
            concede(why, now);
        }
    }

    /** This agent ends, and the copy would end with it. Returns what happened. */
    String leave(long now) {
        giveUp(new Reason("agent-stopped", "the backup's agent was stopped"), now);
        return "left";
    }

    /**
     * A record that says SEEDING is a promise already: no life of this agent activates such a copy.
     */
    private void concede(Reason why, long now) {
        if (machine.state() != BackupState.SEEDING) {
            effects.record(Standing.CONCEDED);
        }
        effects.discard();
        machine.transition(BackupState.CONCEDED, now, why);
        effects.tellConceded(why.text());
    }

    /**
     * An operator wants this side to run the group. Returns what happened, one sentence; in {@link
     * BackupState#CLAIMING} that is told by what follows.
     *
     * @param force without the witness's word
     */
    String failover(boolean force, long now) {
        switch (machine.state()) {
            case STANDBY, CLAIMING -> takeover.byOperator(force, now);
            case ACTIVE -> {
                if (!takeover.isUndone()) {
                    return "the group runs here already";
                }
                takeover.byOperator(force, now);
            }
            case OFF, LOST ->
                    throw new DomainException(
                            "taken-over-before",
                            "this host took the group over, and it ended here: "
                                    + machine.entry().reason().sentence(),
                            "start the domain like any other, then `remus unprotect` here");
            default ->
                    throw new DomainException(
                            "no-complete-copy",
                            "there is no complete copy to run here: the group is "
                                    + machine.state(),
                            "wait until it is STANDBY, or run it at its primary");
        }
        return outcome();
    }

    /**
     * What became of the failover that was asked for.
     *
     * @throws DomainException why it failed
     */
    String outcome() {
        return switch (machine.state()) {
            case CLAIMING -> "the witness is being asked";
            case ACTIVE -> {
                if (takeover.isUndone()) {
                    throw undone();
                }
                yield "the group runs here now";
            }
            default -> throw undone();
        };
    }

    private DomainException undone() {
        Reason reason = machine.entry().reason();
        return new DomainException(
                reason.code(),
                reason.sentence(),
                reason.correction().isEmpty()
                        ? "see the agent's log on this host"
                        : reason.correction());
    }

    /** An operator wants this side to let go of the group. Returns what happened, one sentence. */
    String unprotect(long now) {
        Reason why = new Reason("unprotected", "let go by an operator");
        switch (machine.state()) {
            case SEEDING, STANDBY -> {
                concede(why, now);
                return "the copy on this host is given up; the primary goes on alone";
            }
            case CLAIMING ->
                    throw new DomainException(
                            "claiming",
                            "this backup has asked the witness for the group",
                            "wait for its answer");
            case ACTIVE, OFF, LOST, CONCEDED -> {
                effects.forget();
                machine.transition(BackupState.ENDED, now, why);
                return "the protection is forgotten; what runs here runs on";
            }
            default -> {
                return "there was nothing to let go of";
            }
        }
    }

    /**
     * What became of the domains that run here, in the members' order. Nothing of it makes any of
     * them run again: whoever ended them, or whoever looks after this host, decides that.
     */
    void followed(List<GroupRecord.Member> members, List<Afterlife> afterlives, long now) {
        if (machine.state() != BackupState.ACTIVE) {
            return;
        }
        String off = named(members, afterlives, Afterlife.OFF);
        String gone = named(members, afterlives, Afterlife.GONE);
        if (off.isEmpty() && gone.isEmpty()) {
            return;
        }
        boolean others = afterlives.contains(Afterlife.RUNNING);
        Reason why = BackupReasons.ended(off, gone, others);
        if (others) {
            machine.transition(BackupState.ACTIVE, now, why);
        } else if (gone.isEmpty()) {
            effects.record(Standing.OFF);
            machine.transition(BackupState.OFF, now, why);
        } else {
            machine.transition(BackupState.LOST, now, why);
        }
    }

    private static String named(
            List<GroupRecord.Member> members, List<Afterlife> afterlives, Afterlife which) {
        return IntStream.range(0, members.size())
                .filter(i -> afterlives.get(i) == which)
                .mapToObj(i -> members.get(i).name())
                .collect(Collectors.joining(", "));
    }
}
