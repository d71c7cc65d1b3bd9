package remus.primary;

import org.jspecify.annotations.Nullable;
import remus.ha.Mailbox;
import remus.ha.Reason;
import remus.ha.witness.Claim;
import remus.ha.witness.Goal;
import remus.ha.witness.Witness;
import remus.ha.witness.WitnessRecord;
import remus.primary.Licence.Wish;

/**
 * Where a group asks the witness: one claim at a time, whose outcome goes to the {@link Licence}.
 * Conductor's thread only.
 */
final class WitnessDesk {
    private final PrimaryHost host;
    private final GroupWorks works;
    private final Mailbox mailbox;
    private final Licence licence;
    private @Nullable Claim claim;

    WitnessDesk(PrimaryHost host, GroupWorks works, Mailbox mailbox, Licence licence) {
        this.host = host;
        this.works = works;
        this.mailbox = mailbox;
        this.licence = licence;
    }

    boolean isLive() {
        Witness witness = host.witness();
        return witness != null && witness.isLive();
    }

    /** Begins to ask; what was asked before is not listened to any more. */
    void ask(Wish wish) {
        Witness witness = host.witness();
        if (witness == null) {
            licence.unanswered(
                    new Reason(
                            "no-witness",
                            "this group was protected with a witness, and none is configured now",
                            "restore `witness` in the agent's configuration and restart it"),
                    host.nanoTime());
            return;
        }
        String group = works.record().uuid();
        String us = host.identity();
        long incarnation = works.record().incarnation();
        Goal goal =
                switch (wish) {
                    case ALONE ->
                            new Goal.GoAlone(
                                    group, us, works.record().term() == 0, host.newIncarnation());
                    case PROTECTED -> new Goal.BeProtected(us, incarnation);
                    case OFF -> new Goal.SwitchOff(us);
                };
        close();
        claim =
                new Claim(
                        witness,
                        group,
                        goal,
                        works.record().term(),
                        mailbox,
                        host::nanoTime,
                        new Outcome(wish));
    }

    /** Listens no more to what was asked. */
    void close() {
        Claim current = claim;
        if (current != null) {
            current.abandon();
            claim = null;
        }
    }

    /** See {@link PrimaryEffects#askNoMore}. */
    boolean askNoMore() {
        Claim current = claim;
        boolean withdrawn = current == null || current.withdraw();
        if (withdrawn) {
            claim = null;
        }
        return withdrawn;
    }

    /** Goes on asking. Returns nanoseconds until there is something to do. */
    long step(long now) {
        Claim current = claim;
        return current == null ? Long.MAX_VALUE : current.step(now);
    }

    private final class Outcome implements Claim.Listener {
        private final Wish wish;

        Outcome(Wish wish) {
            this.wish = wish;
        }

        @Override
        public void won(WitnessRecord record) {
            works.seen(record.term());
            licence.granted(wish, host.nanoTime());
        }

        @Override
        public void lost(WitnessRecord record) {
            works.seen(record.term());
            if (record.owner().equals(host.identity())) {
                stuck(
                        new Reason(
                                "witness-differs",
                                "the witness has an unexpected record of this group: " + record,
                                "find out which copy runs, then `remus unprotect --force`"));
            } else {
                licence.denied(wish, now());
            }
        }

        @Override
        public void stuck(Reason why) {
            licence.unanswered(why, now());
        }

        private long now() {
            return host.nanoTime();
        }
    }
}
