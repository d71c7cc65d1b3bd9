package remus.testkit;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import remus.domain.Domain;
import remus.domain.DomainException;
import remus.domain.DomainIdentity;
import remus.domain.Finding;
import remus.domain.Hypervisor;
import remus.domain.MemoryRegion;
import remus.domain.Slab;
import remus.domain.Standby;
import remus.domain.StandbySpec;

/** A copy's memory at the backup; when it runs it becomes a {@link SimGuest}. */
final class SimStandby implements Standby {
    final String name;
    final long pid;
    final ByteBuffer memory;
    final byte[] devices = new byte[SimDomain.DEVICE_BYTES];
    private SimAgent agent;
    private final int split;
    private final int diskIndex;
    private Runnable lost = () -> {};
    private boolean loaded;
    private boolean ran;
    private boolean closed;
    private boolean dead;

    private SimStandby(SimAgent agent, StandbySpec spec) {
        this.agent = agent;
        this.name = spec.name();
        this.pid = agent.world.newPid();
        this.split = (int) spec.regions().get(0).bytes();
        this.diskIndex =
                spec.disks().isEmpty() ? -1 : Integer.parseInt(name.substring("vm".length()));
        this.memory =
                ByteBuffer.allocate(
                        (int) spec.regions().stream().mapToLong(MemoryRegion::bytes).sum());
    }

    static Hypervisor hypervisor(SimAgent agent) {
        return new Hypervisor() {
            @Override
            public String kind() {
                return "sim";
            }

            @Override
            public List<DomainSummary> domains() {
                return List.of();
            }

            @Override
            public Domain open(String name) {
                throw new DomainException("unknown-domain", name, "none");
            }

            @Override
            public List<Finding> checkStandby(StandbySpec spec) {
                return List.of();
            }

            @Override
            public Standby createStandby(StandbySpec spec, List<Path> images) {
                agent.enter("create");
                agent.failIfAsked("create");
                SimStandby standby = new SimStandby(agent, spec);
                agent.host.standbys.add(standby);
                return standby;
            }
        };
    }

    @Override
    public void writePages(int region, int runs, ByteBuf payload) {
        agent.enter("apply");
        need();
        agent.failIfAsked("apply");
        int table = payload.readerIndex();
        int from = table + runs * Slab.RUN_BYTES;
        for (int run = 0; run < runs; run++) {
            int at = payload.getInt(table + run * Slab.RUN_BYTES) * Slab.PAGE_BYTES;
            int count = payload.getInt(table + run * Slab.RUN_BYTES + 4);
            int bytes = (count & ~Slab.ZERO_RUN) * Slab.PAGE_BYTES;
            ByteBuffer target = memory.duplicate().position((region == 0 ? 0 : split) + at);
            target.limit(target.position() + bytes);
            if ((count & Slab.ZERO_RUN) != 0) {
                target.put(new byte[bytes]);
            } else {
                payload.getBytes(from, target);
                from += bytes;
            }
        }
    }

    @Override
    public void devices(Iterable<ByteBuf> parts) {
        agent.enter("devices");
        need();
        int at = 0;
        for (ByteBuf part : parts) {
            int bytes = part.readableBytes();
            part.getBytes(part.readerIndex(), devices, at, bytes);
            at += bytes;
        }
    }

    @Override
    public void load() {
        agent.enter("load");
        need();
        agent.failIfAsked("load");
        loaded = true;
        agent.leave("load");
    }

    @Override
    public void run() {
        agent.enter("run");
        need();
        agent.failIfAsked("run");
        ran = true;
        SimGuest guest = new SimGuest(agent.world, name, pid, true, memory, disk());
        agent.host.guests.put(name, guest);
        agent.world.checker.runs(this, guest);
        guest.start();
        agent.leave("run");
    }

    private ByteBuffer disk() {
        return diskIndex < 0 ? ByteBuffer.allocate(0) : agent.host.images.get(diskIndex);
    }

    @Override
    public DomainIdentity identity() {
        return new DomainIdentity(name, SimWorld.uuid(name), pid, pid);
    }

    @Override
    public void onLost(Runnable listener) {
        lost = listener;
    }

    /** Whether the agent's next life may find it. */
    boolean isLeft() {
        return loaded && waits();
    }

    /** The same process in the hands of another life of the agent. */
    SimStandby of(SimAgent next) {
        agent = next;
        return this;
    }

    /** Whether its process is there and does not run the guest yet. */
    boolean waits() {
        return !ran && !closed && !dead;
    }

    /** Its process is killed. */
    void die() {
        if (!ran && !closed && !dead) {
            dead = true;
            agent.later(0, lost);
        }
    }

    private void need() {
        if (dead) {
            throw new DomainException("standby-lost", name + " is gone", "none");
        }
        if (closed) {
            agent.world.checker.fail("a discarded standby of " + name + " is used");
        }
    }

    @Override
    public void close() {
        agent.enter("close");
        closed = true;
    }
}
