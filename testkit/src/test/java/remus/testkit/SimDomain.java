package remus.testkit;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import remus.domain.Disk;
import remus.domain.Domain;
import remus.domain.DomainEvent;
import remus.domain.DomainException;
import remus.domain.DomainIdentity;
import remus.domain.Finding;
import remus.domain.MemoryRegion;
import remus.domain.Slab;
import remus.domain.Staging;
import remus.domain.StandbySpec;

/** What one life of an agent holds of a {@link SimGuest}. */
final class SimDomain implements Domain {
    static final int DEVICE_BYTES = 24;

    private final SimAgent agent;
    private final SimGuest guest;
    private final BitSet harvested = new BitSet();
    private final byte[] devices = new byte[DEVICE_BYTES];
    private final int split;
    private boolean attached;
    private boolean resumedByOthers;
    private int rounds;

    SimDomain(SimAgent agent, SimGuest guest) {
        this.agent = agent;
        this.guest = guest;
        this.split = guest.pages / 3 + 1;
        guest.suspended = false; // a marker beside the process says that the stop was ours
    }

    @Override
    public DomainIdentity identity() {
        return new DomainIdentity(guest.name, SimWorld.uuid(guest.name), guest.pid, guest.pid);
    }

    @Override
    public StandbySpec standbySpec() {
        return new StandbySpec(
                guest.name,
                SimWorld.uuid(guest.name),
                "sim",
                "",
                List.of(
                        new MemoryRegion("low", (long) split * Slab.PAGE_BYTES),
                        new MemoryRegion("high", (long) (guest.pages - split) * Slab.PAGE_BYTES)),
                guest.disk.capacity() == 0
                        ? List.of()
                        : List.of(new Disk("disk0", guest.disk.capacity())));
    }

    @Override
    public List<Finding> preflight() {
        return List.of();
    }

    @Override
    public void attach() {
        agent.enter("arm");
        need();
        if (!attached) {
            guest.dirty.set(0, guest.pages);
            attached = true;
        }
        agent.leave("arm");
    }

    @Override
    public void onEvent(Consumer<DomainEvent> listener) {
        guest.listener = event -> agent.later(0, () -> listener.accept(event));
    }

    @Override
    public long precopy(Staging out) {
        agent.enter("precopy");
        need();
        long pages = harvestNow();
        copyNow(out);
        agent.failIfAsked("precopy");
        rounds++;
        return pages + (rounds < guest.world.scenario.seedRounds() ? 5000 : 0);
    }

    @Override
    public boolean suspend() {
        agent.enter("suspend");
        need();
        agent.failIfAsked("suspend");
        if (!guest.runs()) {
            return false;
        }
        resumedByOthers = false;
        guest.suspend();
        agent.leave("suspend");
        return true;
    }

    @Override
    public void saveDevices() {
        agent.enter("save");
        need();
        agent.failIfAsked("save");
        ByteBuffer.wrap(devices)
                .putLong(guest.counter())
                .putLong(guest.memory.getLong(SimGuest.HASH))
                .putLong(guest.digest());
        maybeResumedByOthers("save");
        agent.leave("save");
    }

    private void maybeResumedByOthers(String when) {
        if (agent.world.take("foreign-resume " + when)) {
            resumedByOthers = true;
            guest.suspended = false;
            guest.step();
        }
    }

    @Override
    public long harvest() {
        agent.enter("harvest");
        need();
        agent.failIfAsked("harvest");
        if (guest.runs() && !resumedByOthers) {
            agent.world.checker.fail(guest.name + " runs while it is harvested");
        }
        long pages = harvestNow();
        guest.mostPagesSuspended = Math.max(guest.mostPagesSuspended, pages);
        maybeResumedByOthers("harvest");
        return pages;
    }

    private long harvestNow() {
        harvested.clear();
        harvested.or(guest.dirty);
        guest.dirty.clear();
        return harvested.cardinality();
    }

    @Override
    public void copy(Staging out) {
        agent.enter("copy");
        need();
        copyNow(out);
        agent.failIfAsked("copy");
        agent.leave("copy");
    }

    private void copyNow(Staging out) {
        copyRegion(out, 0, 0, split);
        maybeResumedByOthers("copy");
        copyRegion(out, 1, split, guest.pages);
    }

    private void copyRegion(Staging out, int region, int from, int to) {
        Slab slab = null;
        for (int page = harvested.nextSetBit(from); page >= 0 && page < to; ) {
            if (slab == null || slab.room() == 0) {
                slab = out.nextPages(region);
            }
            int end = Math.min(harvested.nextClearBit(page), Math.min(to, page + slab.room()));
            int at = slab.addRun(page - from, end - page);
            slab.memory()
                    .put(at, guest.memory, page * Slab.PAGE_BYTES, (end - page) * Slab.PAGE_BYTES);
            page = harvested.nextSetBit(end);
        }
    }

    @Override
    public boolean resume() {
        agent.enter("resume");
        need();
        boolean ours = guest.suspended;
        guest.suspended = false;
        agent.leave("resume");
        return ours;
    }

    @Override
    public void stageDevices(Staging out) {
        agent.enter("stage");
        need();
        agent.failIfAsked("stage");
        Slab slab = out.nextDevices();
        slab.deviceRoom().put(devices);
        slab.deviceBytes(DEVICE_BYTES);
    }

    @Override
    public long clockLagNanos() {
        return 0;
    }

    @Override
    public void retire() {
        agent.enter("retire");
        need();
        agent.world.checker.retired(guest);
        guest.suspended = false;
        guest.retired = true;
        agent.leave("retire");
    }

    @Override
    public void destroy() {
        agent.enter("destroy");
        agent.world.checker.destroyed(guest);
        guest.alive = false;
    }

    @Override
    public void close() {
        agent.enter("release");
        guest.suspended = false;
        guest.listener = null;
        agent.leave("release");
    }

    private void need() {
        if (!guest.alive) {
            throw new DomainException("monitor-closed", guest.name + " is gone", "none");
        }
    }
}
