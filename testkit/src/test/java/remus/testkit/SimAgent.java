package remus.testkit;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import remus.backup.BackupGroup;
import remus.backup.BackupHost;
import remus.backup.BackupService;
import remus.diskbuf.DiskCopy;
import remus.domain.DomainException;
import remus.domain.Hypervisor;
import remus.domain.SlabPool;
import remus.domain.StandbySpec;
import remus.ha.DutyCycle;
import remus.ha.GroupRecord;
import remus.ha.Mailbox;
import remus.ha.Reason;
import remus.ha.RecordStore;
import remus.ha.witness.Witness;
import remus.primary.Member;
import remus.primary.PrimaryGroup;
import remus.primary.PrimaryHost;
import remus.primary.ProtectionSettings;
import remus.protocol.PeerLink;
import remus.protocol.wire.Channel;

/**
 * One life of an agent process: the production engines, driven by simulated time. It may end inside
 * any call that the engines make to it: then nothing of it has any effect from there on.
 */
final class SimAgent implements PrimaryHost, BackupHost {
    private static final long LEAST_STEP_NANOS = 20_000;
    private static final long LONGEST_PARK_NANOS = 100_000_000;
    private static final int BUSY_STEPS = 5_000;

    final SimWorld world;
    final SimHost host;
    final long born;
    boolean alive = true;
    BackupService service;
    PrimaryGroup primary;
    SlabPool pool;
    final List<SlabPool> diskPools = new ArrayList<>();
    private boolean stopped;
    private final Deque<Runnable> whenContinued = new ArrayDeque<>();
    private final List<Conductor> conductors = new ArrayList<>();
    private final List<SimNetBuffer> unnumbered = new ArrayList<>();
    private final Deque<ByteBuf> received = new ArrayDeque<>();

    SimAgent(SimWorld world, SimHost host) {
        this.world = world;
        this.host = host;
        this.born = world.clock.now();
    }

    /** What the agent's main does. */
    void boot() {
        host.agent = this;
        run(
                () -> {
                    service = new BackupService(this);
                    for (GroupRecord record : List.copyOf(host.disk.values())) {
                        if (record.role() == GroupRecord.Role.PRIMARY) {
                            own(PrimaryGroup.adopt(this, world.settings(), record, false));
                        }
                    }
                    beat();
                });
    }

    void protect() {
        run(() -> own(PrimaryGroup.protect(this, world.settings(), false)));
    }

    private void own(PrimaryGroup group) {
        primary = group;
        new Conductor(group, group.mailbox());
    }

    private void beat() {
        if (primary != null && !primary.isDone()) {
            primary.beat();
        }
        service.groups().forEach(BackupGroup::beat);
        later(world.scenario.heartbeatNanos(), this::beat);
    }

    /** Does something in this process, unless it is dead; if it is stopped, when it goes on. */
    void run(Runnable what) {
        if (!alive || !host.alive) {
            return;
        }
        if (stopped) {
            whenContinued.add(what);
            return;
        }
        try {
            what.run();
        } catch (SimCrash killed) {
            // it is dead already
        } catch (RuntimeException e) {
            if (!alive) {
                return; // it stumbled over what its own death left
            }
            world.checker.fail("unexpected exception in the agent of " + host.name, e);
        }
    }

    void later(long nanos, Runnable what) {
        world.clock.after(nanos, () -> run(what));
    }

    boolean isStopped() {
        return stopped;
    }

    void stop() {
        stopped = true;
    }

    void goOn() {
        stopped = false;
        while (!stopped && !whenContinued.isEmpty()) {
            run(whenContinued.remove());
        }
    }

    void die() {
        if (alive) {
            alive = false;
            world.trace(host.name + ": the agent is dead");
            world.network.agentDied(this);
            received.forEach(SimAgent::giveUp);
            world.agentDied(this);
        }
    }

    private static void giveUp(ByteBuf buffer) {
        if (buffer.refCnt() > 0) {
            buffer.release(buffer.refCnt());
        }
    }

    /** Called at the beginning of every call into the world. */
    void enter(String point) {
        crashIfAsked("before " + point);
    }

    /** Called when what the call does has been done. */
    void leave(String point) {
        crashIfAsked("after " + point);
    }

    private void crashIfAsked(String point) {
        if (alive && world.take("crash " + host.name + "-agent " + point)) {
            die();
        }
        if (!alive) {
            throw new SimCrash();
        }
    }

    void failIfAsked(String what) {
        if (world.take("fail " + what)) {
            throw new DomainException("sim-" + what, what + " fails as planned", "try again");
        }
    }

    /** Remembers a received payload: at the end somebody must have given it up. */
    void received(ByteBuf payload) {
        while (!received.isEmpty() && received.peek().refCnt() == 0) {
            received.remove();
        }
        received.add(payload);
    }

    long receivedAndKept() {
        return received.stream().filter(payload -> payload.refCnt() > 0).count();
    }

    @Override
    public Member open(String domain, ProtectionSettings settings) {
        enter("open");
        SimGuest guest = host.guests.get(domain);
        if (guest == null || !guest.alive) {
            throw new DomainException("unknown-domain", domain + " does not run here", "start it");
        }
        failIfAsked("open");
        SimNetBuffer buffer = new SimNetBuffer(this, guest);
        unnumbered.add(buffer);
        if (guest.disk.capacity() == 0) {
            return new Member(
                    new SimDomain(this, guest), List.of(buffer), List.of(), List.of(buffer));
        }
        SlabPool diskPool = SimPools.take(SimDiskBuffer.POOL_BYTES);
        diskPools.add(diskPool);
        SimDiskBuffer disks = new SimDiskBuffer(this, guest, diskPool);
        return new Member(
                new SimDomain(this, guest),
                List.of(buffer),
                List.of(disks),
                List.of(buffer, disks));
    }

    @Override
    public long newIncarnation() {
        enter("incarnation");
        long incarnation = world.newIncarnation();
        unnumbered.forEach(buffer -> buffer.incarnation = incarnation);
        unnumbered.clear();
        return incarnation;
    }

    @Override
    public SlabPool staging(long capBytes) {
        pool = SimPools.take(capBytes);
        return pool;
    }

    @Override
    public void dial(
            ProtectionSettings.PeerAddress peer,
            Channel channel,
            PeerLink.Listener listener,
            Consumer<PeerLink> connected,
            Consumer<String> failed) {
        enter("dial");
        world.network.dial(this, listener, connected, failed);
    }

    @Override
    public void probe(String address, int port, Consumer<Boolean> refused) {
        enter("probe");
        world.network.probe(this, refused);
    }

    @Override
    public RecordStore records() {
        return new RecordStore() {
            @Override
            public void put(GroupRecord record) {
                enter("record");
                failIfAsked(host.name + "-record");
                host.disk.put(record.name(), record);
                world.checker.recorded(host, record);
                leave("record");
            }

            @Override
            public void remove(String name) {
                enter("forget");
                host.disk.remove(name);
                leave("forget");
            }

            @Override
            public Contents list() {
                return new Contents(List.copyOf(host.disk.values()), List.of());
            }
        };
    }

    @Override
    public DiskCopy openDisks(String group, List<StandbySpec> members) {
        enter("open-images");
        failIfAsked("open-images");
        return new SimDiskCopy(this, members);
    }

    @Override
    public Hypervisor hypervisor(String kind) {
        return SimStandby.hypervisor(this);
    }

    @Override
    public Afterlife afterlife(GroupRecord.Member member) {
        SimGuest guest = host.guests.get(member.name());
        boolean standby =
                host.standbys.stream().anyMatch(one -> one.pid == member.pid() && one.waits());
        if (standby || (guest != null && guest.alive && !guest.off)) {
            return Afterlife.RUNNING;
        }
        return guest != null && guest.off ? Afterlife.OFF : Afterlife.GONE;
    }

    @Override
    public Witness witness() {
        return world.scenario.witnessed() ? world.witness.clientOf(this) : null;
    }

    @Override
    public String identity() {
        return host.name;
    }

    @Override
    public long newNonce() {
        return world.newIncarnation();
    }

    @Override
    public Reason runLeft(List<GroupRecord.Member> members) {
        try {
            for (SimStandby standby : List.copyOf(host.standbys)) {
                if (standby.waits()) {
                    standby.of(this).run();
                }
            }
        } catch (DomainException e) {
            return Reason.of(e);
        }
        boolean all = members.stream().allMatch(member -> host.guests.containsKey(member.name()));
        return all ? null : new Reason("standby-lost", "a copy is gone");
    }

    @Override
    public void destroyLeft(List<GroupRecord.Member> members) {
        host.standbys.forEach(standby -> standby.of(this).close());
        host.standbys.clear();
    }

    @Override
    public void conduct(BackupGroup group) {
        new Conductor(group, group.mailbox());
    }

    @Override
    public void background(Runnable task) {
        later(50_000, task);
    }

    @Override
    public long nanoTime() {
        return world.clock.now();
    }

    @Override
    public String software() {
        return "sim";
    }

    int conductors() {
        return (int) conductors.stream().filter(conductor -> !conductor.work.isDone()).count();
    }

    /** Stands for the conductor's thread. */
    private final class Conductor {
        private final DutyCycle work;
        private long wakeAt = Long.MAX_VALUE;
        private int busySteps;

        Conductor(DutyCycle work, Mailbox mailbox) {
            this.work = work;
            conductors.add(this);
            mailbox.onPost(() -> wake(LEAST_STEP_NANOS));
            wake(LEAST_STEP_NANOS);
        }

        private void wake(long nanos) {
            long at = world.clock.now() + nanos;
            if (at < wakeAt) {
                wakeAt = at;
                later(nanos, () -> step(at));
            }
        }

        private void step(long at) {
            if (at != wakeAt) {
                return;
            }
            wakeAt = Long.MAX_VALUE;
            if (work.isDone()) {
                return;
            }
            long due = work.doWork(world.clock.now());
            busySteps = due == 0 ? busySteps + 1 : 0;
            if (busySteps > BUSY_STEPS) {
                world.checker.fail("a conductor of " + host.name + " never rests");
            }
            wake(Math.max(LEAST_STEP_NANOS, Math.min(due, LONGEST_PARK_NANOS)));
        }
    }
}
