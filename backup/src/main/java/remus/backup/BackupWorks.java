package remus.backup;

import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import remus.ha.GroupRecord;
import remus.ha.GroupRecord.Standing;
import remus.ha.Mailbox;
import remus.ha.Reason;
import remus.ha.witness.Claim;
import remus.ha.witness.Goal;
import remus.ha.witness.Witness;
import remus.ha.witness.WitnessRecord;
import remus.protocol.FrameType;
import remus.protocol.wire.Conceded;
import remus.protocol.wire.Identity;

/**
 * What a group consists of at its backup (its record, its copies, its line to the primary), and the
 * carrying out of what {@link BackupCore} decides about them. Conductor's thread only, but for
 * {@link #record()}.
 */
final class BackupWorks implements BackupCore.Effects {
    final Copies copies = new Copies();
    final EpochAssembler assembler;
    final PrimaryPeer primary;
    final BackupMeter meter = new BackupMeter();
    private final BackupHost host;
    private final Identity identity;
    private volatile GroupRecord record;
    private boolean spoiled; // an epoch was folded in by half
    private boolean loaded; // or tried to: it can follow no more
    private final boolean left; // the copies are of an earlier life of this agent
    private final Mailbox mailbox;
    private @Nullable Claim claim;
    private @Nullable Takeover takeover;

    BackupWorks(
            BackupHost host,
            GroupRecord record,
            Identity identity,
            EpochAssembler assembler,
            Mailbox mailbox) {
        this.host = host;
        this.mailbox = mailbox;
        left = record.standing() == Standing.CLAIMING;
        this.record = record;
        this.identity = identity;
        this.assembler = assembler;
        primary = new PrimaryPeer(host, identity);
    }

    GroupRecord record() {
        return record;
    }

    Identity identity() {
        return identity;
    }

    /** The standbys are made: the record names them. */
    void made() {
        record = record.withMembers(copies.members());
    }

    /** The newest epoch that a primary may go on from; -1 if there is none. */
    long resumableEpoch() {
        return spoiled || loaded ? -1 : assembler.committedEpoch();
    }

    void spoil() {
        spoiled = true;
    }

    @Override
    public void record(Standing standing) {
        record = record.with(standing);
        host.records().put(record);
    }

    @Override
    public void forget() {
        host.records().remove(record.name());
    }

    @Override
    public void hangUp(String reason) {
        assembler.drop();
        primary.hangUp(new Reason("activated", reason, "let the copy there stop"));
    }

    @Override
    public @Nullable Reason load() {
        if (spoiled) {
            return new Reason("copy-spoiled", "the copy here is not whole; run it at its primary");
        }
        loaded = true;
        return copies.load();
    }

    @Override
    public boolean isWitnessLive() {
        Witness witness = host.witness();
        return witness != null && witness.isLive();
    }

    @Override
    public void claim() {
        ask(
                new Goal.TakeOver(host.identity(), record.incarnation()),
                now -> takeover().won(now),
                (witness, now) -> takeover().lost(BackupReasons.lostTo(witness), now));
    }

    @Override
    public void renounce() {
        ask(
                new Goal.Renounce(record.incarnation(), host.newNonce()),
                now -> takeover().renounced(now),
                (witness, now) -> {
                    if (witness.owner().equals(host.identity())) {
                        takeover().won(now); // too late: it was granted
                    } else {
                        takeover().lost(BackupReasons.lostTo(witness), now);
                    }
                });
    }

    /** What comes of a claim that was lost, and when. */
    private interface Lost {
        void to(WitnessRecord witness, long now);
    }

    private void ask(Goal goal, LongConsumer won, Lost lost) {
        Witness witness = host.witness();
        if (witness == null) {
            takeover().stuck(BackupReasons.NO_WITNESS, host.nanoTime());
            return;
        }
        Claim before = claim;
        if (before != null) {
            before.abandon();
        }
        claim =
                new Claim(
                        witness,
                        record.uuid(),
                        goal,
                        record.term(),
                        mailbox,
                        host::nanoTime,
                        new Outcome(won, lost));
    }

    private Takeover takeover() {
        Takeover known = takeover;
        if (known == null) {
            throw new IllegalStateException("nobody takes over");
        }
        return known;
    }

    /** Who hears of the witness's answers. */
    void tell(Takeover listener) {
        takeover = listener;
    }

    /** Goes on asking the witness. Returns nanoseconds until there is something to do. */
    long askOn(long now) {
        Claim current = claim;
        return current == null ? Long.MAX_VALUE : current.step(now);
    }

    private final class Outcome implements Claim.Listener {
        private final LongConsumer won;
        private final Lost lost;

        Outcome(LongConsumer won, Lost lost) {
            this.won = won;
            this.lost = lost;
        }

        @Override
        public void won(WitnessRecord witness) {
            record = record.withTerm(witness.term());
            won.accept(host.nanoTime());
        }

        @Override
        public void lost(WitnessRecord witness) {
            record = record.withTerm(witness.term());
            lost.to(witness, host.nanoTime());
        }

        @Override
        public void stuck(Reason why) {
            takeover().stuck(why, host.nanoTime());
        }
    }

    @Override
    public @Nullable Reason run() {
        Reason failure = left ? host.runLeft(record.members()) : copies.run();
        if (failure == null) {
            meter.running(host.nanoTime());
            copies.discard(); // what runs is only let go of
        }
        return failure;
    }

    @Override
    public void discard() {
        assembler.drop();
        copies.discard();
        if (left) {
            host.destroyLeft(record.members());
        }
    }

    @Override
    public void tellConceded(String reason) {
        primary.send(
                FrameType.CONCEDED,
                Conceded.newBuilder().setIdentity(identity).setReason(reason).build());
    }
}
