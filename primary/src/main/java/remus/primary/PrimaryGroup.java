package remus.primary;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.domain.DomainEvent;
import remus.domain.DomainException;
import remus.domain.SlabPool;
import remus.ha.DutyCycle;
import remus.ha.FailureDetector;
import remus.ha.GroupRecord;
import remus.ha.GroupRecord.Standing;
import remus.ha.Mailbox;
import remus.ha.Reason;
import remus.ha.StateMachine;
import remus.protocol.PeerLink;
import remus.protocol.wire.Accepted;
import remus.protocol.wire.Ack;
import remus.protocol.wire.Conceded;
import remus.protocol.wire.Digests;
import remus.protocol.wire.FailoverMode;
import remus.protocol.wire.Heartbeat;
import remus.protocol.wire.Refused;
import remus.protocol.wire.Welcome;

/**
 * A protected group at its primary: the conductor that runs laps (step 1 of the walk) and listens
 * to the backup and to the members. What it hears goes to {@link PrimaryCore}, which decides;
 * {@link GroupWorks} carries out. All of it happens in one thread; other threads post to {@link
 * #mailbox}.
 */
public final class PrimaryGroup implements DutyCycle {
    private static final Logger LOG = LoggerFactory.getLogger(PrimaryGroup.class);
    private static final long RETRY_NANOS = 1_000_000_000;

    private final PrimaryHost host;
    private final ProtectionSettings settings;
    private final Mailbox mailbox = new Mailbox();
    private final TimelineRing timelines = new TimelineRing();
    private final StateMachine<GroupState> machine;
    private final EpochScheduler scheduler;
    private final FailureDetector detector;
    private final GroupWorks works;
    private final Licence licence;
    private final WitnessDesk desk;
    private final PrimaryCore core;
    private final PrimarySession session;
    private final Laps laps;
    private final SlabPool staging;
    private final CountDownLatch ended = new CountDownLatch(1);
    private boolean adopting;
    private long nextAttempt;

    private PrimaryGroup(
            PrimaryHost host,
            ProtectionSettings settings,
            GroupRecord record,
            boolean adopted,
            boolean concurrent) {
        this.host = host;
        this.settings = settings;
        this.adopting = adopted;
        long now = host.nanoTime();
        nextAttempt = now;
        ProtectionSettings.Limits limits = settings.limits();
        machine =
                new StateMachine<>(
                        settings.group(),
                        GroupState.LEGAL,
                        GroupState.of(record.standing()),
                        adopted
                                ? new Reason(
                                        "agent-restarted",
                                        "this agent was restarted and asks the backup how things"
                                                + " stand")
                                : new Reason(
                                        "connecting",
                                        "looking for the backup at " + settings.peer()),
                        now,
                        this::entered);
        scheduler = new EpochScheduler(settings.intervalNanos());
        detector = new FailureDetector(limits.silenceLimitNanos(), limits.reconnectGraceNanos());
        staging = host.staging(limits.stagingBytes());
        Protection.Tools tools = new Protection.Tools(staging, timelines, limits, concurrent);
        works = new GroupWorks(host, settings, tools, scheduler, record, new Works());
        licence = new Licence(record.witnessed(), limits.reconnectGraceNanos(), works);
        desk = new WitnessDesk(host, works, mailbox, licence);
        works.askAt(desk);
        boolean automatic = settings.failover() != FailoverMode.MANUAL;
        core = new PrimaryCore(machine, works, record.standing(), adopted, automatic, licence);
        if (adopted && record.standing() != Standing.SEEDING) {
            licence.missed(now);
        }
        session = new PrimarySession(host, settings, mailbox, new Conversation());
        works.converse(session);
        laps = new Laps(settings.group(), host, scheduler, core);
    }

    /**
     * A new protection; {@link #doWork} does the rest.
     *
     * @param concurrent whether members are suspended by threads of their own; false in the
     *     simulator
     * @throws DomainException if a member cannot be opened; nothing has been done then
     */
    public static PrimaryGroup protect(
            PrimaryHost host, ProtectionSettings settings, boolean concurrent) {
        boolean witnessed =
                host.witness() != null
                        && settings.failover() != FailoverMode.AUTOMATIC_WITHOUT_WITNESS;
        GroupRecord record = settings.firstRecord(witnessed);
        PrimaryGroup group = new PrimaryGroup(host, settings, record, false, concurrent);
        try {
            group.works.openAnew();
            group.licence.opened();
        } catch (RuntimeException e) {
            host.stagingDone(group.staging);
            throw e;
        }
        return group;
    }

    /**
     * Takes up a protection that an earlier life of this agent began. Members that it left
     * suspended run again when this returns; their output stays held until the backup has been
     * asked.
     */
    public static PrimaryGroup adopt(
            PrimaryHost host, ProtectionSettings settings, GroupRecord record, boolean concurrent) {
        PrimaryGroup group = new PrimaryGroup(host, settings, record, true, concurrent);
        group.tryToAdoptMembers(host.nanoTime());
        return group;
    }

    /** Where other threads leave work for the conductor. */
    public Mailbox mailbox() {
        return mailbox;
    }

    /** Sends a heartbeat; called by the heartbeat thread. */
    public void beat() {
        session.beat();
    }

    @Override
    public boolean isDone() {
        return machine.state().isFinal();
    }

    @Override
    public long doWork(long now) {
        mailbox.drain();
        session.progressed();
        if (isDone()) {
            return 0;
        }
        long due = desk.step(now);
        if (!adopting) { // before its members are in hand nothing could be done with an answer
            licence.tick(now);
            due = Math.min(licence.dueInNanos(now), desk.step(now));
        }
        Protection current = works.protection();
        if (hasSomethingToSay(current)) {
            due = Math.min(due, session.connect(now));
        }
        if (session.isConnected()) {
            Reason suspicion = detector.suspicion(now);
            if (suspicion != null) {
                session.drop("was given up: " + suspicion.sentence());
                licence.missedLongEnough(now);
            }
            due = Math.min(due, detector.dueInNanos(now));
        }
        if (current == null) {
            return Math.min(due, retry(now));
        }
        return switch (machine.state()) {
            case SEEDING ->
                    works.isCheckpointing()
                            ? Math.min(due, laps.run(current, now))
                            : Math.min(due, laps.seed(current));
            case PROTECTED -> Math.min(due, laps.run(current, now));
            case DEGRADED, LEAVING -> Math.min(due, laps.hold(current, now));
            default -> due;
        };
    }

    /** Before its members are open, a new incarnation is nobody yet. */
    private boolean hasSomethingToSay(@Nullable Protection current) {
        return machine.state() != GroupState.SUPERSEDED
                && (core.standing() != Standing.SEEDING || (current != null && licence.mayOffer()));
    }

    private long retry(long now) {
        if (now - nextAttempt < 0) {
            return nextAttempt - now;
        }
        nextAttempt = now + RETRY_NANOS;
        if (adopting) {
            tryToAdoptMembers(now);
            return RETRY_NANOS;
        }
        try {
            works.openAnew();
            licence.opened();
            session.hurry(now);
            return 0;
        } catch (DomainException e) {
            core.remark(Reason.of(e), now);
            return RETRY_NANOS;
        }
    }

    /**
     * Members run again and their output is held again; a failure is tried again, held all the
     * while.
     */
    private void tryToAdoptMembers(long now) {
        try {
            List<String> missing = works.reopen(core.standing());
            adopting = false;
            if (missing.isEmpty()) {
                core.adopted();
            } else {
                core.membersLost(missing, "gone when the agent restarted", now);
            }
        } catch (DomainException e) {
            LOG.warn("{}: cannot take up the group again: {}", settings.group(), e.getMessage());
            works.putBack();
            core.remark(Reason.of(e), now);
        }
    }

    private void happened(Protection source, DomainEvent event, int index) {
        boolean over = isDone() || machine.state() == GroupState.SUPERSEDED;
        if (over || source != works.protection()) {
            return;
        }
        long now = host.nanoTime();
        String name = source.members.get(index).name();
        LOG.info("{}: {} {} ({})", settings.group(), name, event.kind(), event.detail());
        switch (event.kind()) {
            case LOST -> core.membersLost(List.of(name), event.detail(), now);
            case SHUTDOWN -> core.memberSwitchedOff(name, event.detail(), now);
            case CONFIG_CHANGED -> core.breakOff(new Reason("config-changed", event.detail()), now);
            case STOPPED -> core.memberPaused(name, event.detail(), now);
            case RESUMED -> core.memberResumed(name, now);
            default -> {
                // a reboot or a panic is state like all state: the next epoch carries it
            }
        }
    }

    /** Lets the group go; see {@link PrimaryCore#unprotect}. Any thread may call it. */
    public CompletableFuture<String> unprotect(boolean force) {
        Protection current = works.protection();
        if (current != null) {
            current.seeder.cancel();
        }
        return mailbox.ask(() -> core.unprotect(force, host.nanoTime()));
    }

    /** Sets the interval, from the epoch under way on. Any thread may call it. */
    public void tune(long intervalNanos) {
        mailbox.post(
                () -> {
                    if (!isDone()) {
                        works.interval(intervalNanos, host.nanoTime());
                    }
                });
    }

    /** Waits until the group is let go; false if it is not within the time. */
    public boolean awaitEnd(long seconds) {
        try {
            return ended.await(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Lets go of connections; what is held stays held. For the end of the agent. */
    public void close() {
        mailbox.post(session::end);
    }

    /** What an operator sees. Any thread may call it. */
    public PrimaryView view() {
        return PrimaryView.of(
                settings, machine.entry(), core, scheduler, timelines, works, host.nanoTime());
    }

    /** The timelines of the newest epochs, for measurements. */
    public TimelineRing timelines() {
        return timelines;
    }

    private void entered(GroupState from, GroupState to, long now, Reason reason) {
        if (to.isFinal()) {
            host.stagingDone(staging);
            ended.countDown();
        }
        LOG.info("{}: {} -> {}: {} ({})", settings.group(), from, to, reason.text(), reason.code());
    }

    private final class Works implements GroupWorks.Events {
        @Override
        public void happened(Protection source, DomainEvent event, int member) {
            mailbox.post(() -> PrimaryGroup.this.happened(source, event, member));
        }

        @Override
        public void pressure() {
            mailbox.post(() -> scheduler.hurry(host.nanoTime()));
        }

        @Override
        public void failed(Reason reason) {
            mailbox.post(() -> core.breakOff(reason, host.nanoTime()));
        }
    }

    /** Listens to the backup. */
    private final class Conversation implements PrimarySession.Owner {
        @Override
        public void onOpened() {
            detector.opened(host.nanoTime());
        }

        @Override
        public void onWelcome(PeerLink link, Welcome welcome) {
            long now = host.nanoTime();
            boolean canResume = works.linked(link, welcome.getLastCommittedEpoch());
            core.welcomed(welcome.getFate(), canResume, now);
            if (machine.state() == GroupState.CONNECTING) {
                detector.excuse(now);
            }
        }

        @Override
        public void onRefused(Refused refused) {
            core.refused(
                    new Reason(refused.getCode(), refused.getProblem(), refused.getCorrection()),
                    host.nanoTime());
        }

        @Override
        public void onDigests(Digests header, ByteBuf payload) {
            works.digests(header, payload);
        }

        @Override
        public void onAccepted(Accepted accepted) {
            core.accepted(host.nanoTime());
        }

        @Override
        public void onAck(Ack ack) {
            if (ack.getIdentity().equals(session.identity())) {
                works.acknowledged(ack.getEpoch());
                core.acknowledged(host.nanoTime());
            }
        }

        @Override
        public void onConceded(Conceded conceded) {
            if (conceded.getIdentity().equals(session.identity())) {
                core.conceded(conceded.getReason(), host.nanoTime());
            }
        }

        @Override
        public void onHeard(@Nullable Heartbeat heartbeat) {
            if (heartbeat == null) {
                detector.heard(host.nanoTime());
            } else {
                detector.beat(host.nanoTime(), heartbeat.getProgress());
            }
        }

        @Override
        public void onLost(String reason) {
            works.unlinked();
            core.lost(reason, host.nanoTime());
        }

        @Override
        public void onUnreachable(String reason) {
            core.unreachable(reason, host.nanoTime());
        }
    }
}
