package remus.backup;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.backup.BackupHost.Afterlife;
import remus.domain.DomainException;
import remus.domain.StandbySpec;
import remus.ha.DutyCycle;
import remus.ha.FailureDetector;
import remus.ha.GroupRecord;
import remus.ha.Mailbox;
import remus.ha.Reason;
import remus.ha.StateMachine;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.PeerLink;
import remus.protocol.ProtocolException;
import remus.protocol.wire.Accepted;
import remus.protocol.wire.Ack;
import remus.protocol.wire.ConcedeRequest;
import remus.protocol.wire.DiskWrites;
import remus.protocol.wire.EpochEnd;
import remus.protocol.wire.Heartbeat;
import remus.protocol.wire.Hello;
import remus.protocol.wire.Identity;
import remus.protocol.wire.MemberEvent;
import remus.protocol.wire.MemberFate;
import remus.protocol.wire.Pages;
import remus.protocol.wire.Welcome;

/**
 * A group at its backup: the conductor that stages, commits and applies epochs (steps 8 to 10 of
 * the walk) and listens to the primary. What it hears goes to {@link BackupCore}, which decides.
 * All of it happens in one thread; other threads post to {@link #mailbox}.
 */
public final class BackupGroup implements DutyCycle {
    private static final Logger LOG = LoggerFactory.getLogger(BackupGroup.class);

    /** Frames received and not yet looked at may hold this much memory; then reading stops. */
    private static final long BACKLOG_BYTES = 16 << 20;

    private final BackupHost host;
    private final Mailbox mailbox = new Mailbox();
    private final StateMachine<BackupState> machine;
    private final BackupCore core;
    private final Takeover takeover;
    private final FailureDetector detector;
    private final EpochAssembler assembler;
    private final PrimaryPeer primary;
    private final BackupMeter meter;
    private final BackupWorks works;
    private final AtomicLong backlogBytes = new AtomicLong();
    private final Aftermath aftermath;
    private final OperatorDesk operators;
    private boolean suspicionActedOn;

    /**
     * @param record names the group and its incarnation; its standing tells whether this is a new
     *     group or one that an earlier life of this agent left
     * @param silenceLimitNanos after how much silence the primary is suspected
     * @param reconnectGraceNanos how long its connection may stay closed
     * @param members what was offered
     */
    BackupGroup(
            BackupHost host,
            GroupRecord record,
            Identity identity,
            long silenceLimitNanos,
            long reconnectGraceNanos,
            List<StandbySpec> members) {
        this.host = host;
        assembler = EpochAssembler.of(members);
        works = new BackupWorks(host, record, identity, assembler, mailbox);
        primary = works.primary;
        meter = works.meter;
        BackupState initial = BackupState.of(record.standing());
        machine =
                new StateMachine<>(
                        record.name(),
                        BackupState.LEGAL,
                        initial,
                        initial.onRecord(),
                        host.nanoTime(),
                        this::entered);
        boolean automatic = record.failover().startsWith("AUTOMATIC");
        core = new BackupCore(machine, works, automatic, record.witnessed());
        takeover = core.takeover();
        works.tell(takeover);
        operators = new OperatorDesk(host, mailbox, core, meter);
        aftermath = new Aftermath(host, works, core);
        detector = new FailureDetector(silenceLimitNanos, reconnectGraceNanos);
        if (initial == BackupState.CLAIMING) {
            mailbox.post(this::claimOn);
        }
    }

    /** An earlier life asked the witness; whatever became of that, its copy must be here to run. */
    private void claimOn() {
        long now = host.nanoTime();
        boolean here =
                record().members().stream()
                        .allMatch(member -> host.afterlife(member) == Afterlife.RUNNING);
        if (here) {
            takeover.claim(now);
        } else {
            takeover.copyLost(now);
        }
    }

    /** Where other threads leave work for the conductor. */
    public Mailbox mailbox() {
        return mailbox;
    }

    GroupRecord record() {
        return works.record();
    }

    Identity identity() {
        return works.identity();
    }

    BackupState state() {
        return machine.state();
    }

    @Override
    public boolean isDone() {
        return machine.state() == BackupState.ENDED;
    }

    @Override
    public long doWork(long now) {
        mailbox.drain();
        primary.progressed();
        Reason suspicion = detector.suspicion(now);
        if (suspicion == null) {
            if (suspicionActedOn) {
                core.trusted(now); // on the same connection: it only stalled
            }
            suspicionActedOn = false;
        } else if (!suspicionActedOn) {
            suspicionActedOn = true;
            if (meter.suspectedSince == 0) {
                meter.suspectedSince = now;
            }
            core.suspected(suspicion, now);
        }
        takeover.tick(now);
        long due = suspicionActedOn ? Long.MAX_VALUE : detector.dueInNanos(now);
        due = Math.min(due, Math.min(takeover.dueInNanos(now), works.askOn(now)));
        return machine.state() == BackupState.ACTIVE ? Math.min(due, aftermath.follow(now)) : due;
    }

    /** Makes the standbys, says what their disks hold, then that the primary may send. */
    void begin(PeerLink from, List<StandbySpec> specs) {
        try {
            works.copies.create(
                    host, record().name(), specs, () -> mailbox.post(this::standbyLost));
        } catch (DomainException e) {
            PrimaryPeer.refuse(from, e.code(), e.getMessage(), e.correction());
            core.neverBegan(Reason.of(e), host.nanoTime());
            return;
        } catch (RuntimeException e) {
            LOG.error("bug: {}: no standbys can be made of this offer", record().name(), e);
            PrimaryPeer.refuse(
                    from, "internal-error", e.toString(), "see the log of the backup's agent");
            core.neverBegan(new Reason("internal-error", e.toString()), host.nanoTime());
            return;
        }
        works.made();
        core.begun();
        detector.linkUp(host.nanoTime()); // making them may take longer than silence may last
        if (works.copies.hasDisks()) {
            host.background(() -> beginDisks(from));
        } else {
            from.send(Frame.of(FrameType.ACCEPTED, Accepted.getDefaultInstance()));
        }
    }

    /** Reads all images, which takes its time. */
    private void beginDisks(PeerLink from) {
        try {
            works.copies.beginDisks(from, identity().getIncarnation());
            from.send(Frame.of(FrameType.ACCEPTED, Accepted.getDefaultInstance()));
        } catch (DomainException e) {
            mailbox.post(() -> spoiled(e));
        }
    }

    /** A connection of this incarnation's primary, with the version to speak on it. */
    void connected(PeerLink from, Hello hello, int version) {
        linked(from, hello);
        core.trusted(host.nanoTime());
        from.send(
                Frame.of(
                        FrameType.WELCOME,
                        Welcome.newBuilder()
                                .setVersion(version)
                                .setFate(core.fate())
                                .setLastCommittedEpoch(works.resumableEpoch())
                                .setSoftware(host.software())
                                .build()));
    }

    void linked(PeerLink from, Hello hello) {
        primary.linked(from, hello);
        assembler.drop();
        detector.linkUp(host.nanoTime());
        meter.suspectedSince = 0;
    }

    /** Another incarnation takes this one's place. */
    void replaced() {
        mailbox.post(() -> core.replaced(host.nanoTime()));
    }

    /** The primary goes on without this copy. */
    void supplanted() {
        mailbox.post(() -> core.giveUp(BackupReasons.SUPPLANTED, host.nanoTime()));
    }

    void heartbeatsConnected(PeerLink from) {
        primary.heartbeatsLinked(from);
    }

    /** Sends a heartbeat. */
    public void beat() {
        primary.beat();
    }

    /** A frame on one of the group's connections, in the connection's thread. */
    void received(PeerLink from, Frame frame) {
        if (frame.type() == FrameType.HEARTBEAT) {
            long beat = frame.header(Heartbeat.class).getProgress();
            mailbox.post(() -> detector.beat(host.nanoTime(), beat));
            return;
        }
        if (isDone()) { // nobody empties the mailbox any more
            frame.release();
            from.close();
            return;
        }
        long bytes = frame.payload().readableBytes();
        if (backlogBytes.addAndGet(bytes) > BACKLOG_BYTES) {
            from.reading(false);
        }
        mailbox.post(
                () -> {
                    try {
                        handle(from, frame);
                    } finally {
                        if (backlogBytes.addAndGet(-bytes) <= BACKLOG_BYTES / 2) {
                            from.reading(true);
                        }
                    }
                });
    }

    /** One of the group's connections ended. */
    void closed(PeerLink from, String reason) {
        mailbox.post(
                () -> {
                    if (primary.closed(from)) {
                        assembler.drop();
                        meter.suspectedSince = host.nanoTime();
                        detector.linkDown(meter.suspectedSince, reason);
                        primary.probe(() -> mailbox.post(detector::agentGone));
                    }
                });
    }

    private void handle(PeerLink from, Frame frame) {
        if (!primary.isCurrent(from)
                || (EpochAssembler.takes(frame.type()) && !core.isFollowing())) {
            frame.release(); // sent before the primary heard of the end
            return;
        }
        detector.heard(host.nanoTime());
        meter.received(frame.payload().readableBytes());
        try {
            switch (frame.type()) {
                case PAGES, DEVICES, DISK_WRITES -> stage(frame);
                case EPOCH_END -> commit(from, frame.header(EpochEnd.class));
                case MEMBER_EVENT -> memberGone(frame.header(MemberEvent.class));
                case CONCEDE_REQUEST -> concede(from, frame.header(ConcedeRequest.class));
                default ->
                        throw new ProtocolException(
                                "frame: " + frame.type() + " (expected: one of an epoch)");
            }
        } catch (ProtocolException e) {
            frame.release();
            LOG.warn("{}: {} broke the protocol: {}", record().name(), from.peer(), e.getMessage());
            PrimaryPeer.protocolError(from, e.getMessage());
        } catch (RuntimeException e) {
            spoiled(e);
        }
    }

    private void spoiled(RuntimeException cause) {
        LOG.error("{}: the copy is spoiled", record().name(), cause);
        works.spoil();
        Reason why = BackupReasons.spoiled(cause);
        try {
            core.giveUp(why, host.nanoTime());
        } finally {
            primary.hangUp(why);
        }
    }

    private void stage(Frame frame) {
        boolean seed =
                switch (frame.type()) {
                    case PAGES -> frame.header(Pages.class).getSeed();
                    case DISK_WRITES -> frame.header(DiskWrites.class).getSeed();
                    default -> false;
                };
        if (!seed) {
            assembler.stage(frame);
            return;
        }
        if (machine.state() != BackupState.SEEDING) {
            throw new ProtocolException(
                    "a seed frame: the copy is complete (expected: frames of an epoch)");
        }
        assembler.check(frame);
        works.copies.seed(frame);
    }

    /** Step 9: the epoch is whole; then the acknowledgement; then it is folded in. */
    private void commit(PeerLink from, EpochEnd end) {
        List<Frame> epoch = assembler.complete(end);
        try {
            works.copies.commitDisks(end.getEpoch(), epoch);
            core.committed(host.nanoTime());
        } catch (RuntimeException e) {
            epoch.forEach(Frame::release);
            throw e;
        }
        meter.committed(end.getEpoch(), host.nanoTime());
        from.send(
                Frame.of(
                        FrameType.ACK,
                        Ack.newBuilder()
                                .setIdentity(works.identity())
                                .setEpoch(end.getEpoch())
                                .build()));
        works.copies.apply(epoch);
    }

    private void memberGone(MemberEvent event) {
        long now = host.nanoTime();
        meter.suspectedSince = now;
        if (event.getFate() == MemberFate.MEMBER_OFF) {
            core.memberSwitchedOff(event.getDetail(), now);
        } else {
            core.memberLost(event.getDetail(), now);
        }
    }

    private void concede(PeerLink from, ConcedeRequest request) {
        try {
            if (!core.concessionAsked(request.getReason(), host.nanoTime())) {
                PrimaryPeer.activated(from);
            }
        } catch (DomainException e) {
            PrimaryPeer.refuse(from, e);
        }
    }

    private void standbyLost() {
        core.giveUp(BackupReasons.STANDBY_LOST, host.nanoTime());
        takeover.copyLost(host.nanoTime());
    }

    /** What operators may want of it. */
    public OperatorDesk operators() {
        return operators;
    }

    /** What an operator sees. Any thread may call it. */
    public BackupView view() {
        return meter.view(
                record(),
                machine.entry(),
                aftermath.afterlives(),
                works.copies.disks(),
                host.nanoTime());
    }

    private void entered(BackupState from, BackupState to, long now, Reason reason) {
        if (from == BackupState.CLAIMING) {
            operators.decided();
        }
        LOG.info("{}: {} -> {}: {} ({})", record().name(), from, to, reason.text(), reason.code());
    }
}
