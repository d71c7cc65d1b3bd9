package remus.testkit;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.DiskBuffer;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.SlabPool;

/** The plainest correct disk buffer. What an agent captured is gone when it dies. */
final class SimDiskBuffer implements DiskBuffer {
    static final long POOL_BYTES = 12L << 20;

    private final SimAgent agent;
    private final SimGuest guest;
    private final SlabPool pool;
    private final List<Slab> captured = new ArrayList<>();
    private Runnable pressure = () -> {};
    private ChunkDigests there;
    private int copiedChunks;
    private boolean broken;

    SimDiskBuffer(SimAgent agent, SimGuest guest, SlabPool pool) {
        this.agent = agent;
        this.guest = guest;
        this.pool = pool;
    }

    /** Without room a writer waits: its guest does nothing. */
    boolean hasRoom() {
        boolean room = !agent.alive || broken || pool.available() > 2;
        if (!room) {
            pressure.run();
        }
        return room;
    }

    /** The guest writes. */
    void wrote(int offset, int length, Slab.Extent kind) {
        if (!agent.alive || broken) {
            return;
        }
        if (agent.world.take("fail mirror")) {
            broken = true;
            return;
        }
        Slab slab = captured.isEmpty() ? null : captured.get(captured.size() - 1);
        boolean full = slab == null || slab.dataRoom() < (kind == Slab.Extent.DATA ? length : 1);
        if (full) {
            slab = pool.poll();
            if (slab == null) {
                agent.world.checker.fail("the pool of captured writes is used up");
                return;
            }
            slab.beginDisk(0);
            captured.add(slab);
        }
        int at = slab.addExtent(offset, length, kind);
        if (kind == Slab.Extent.DATA) {
            slab.memory().put(at, guest.disk, offset, length);
        }
    }

    @Override
    public void seed(List<ChunkDigests> digests) {
        agent.enter("seed-disks");
        there = digests.get(0);
        guest.diskTap = this;
    }

    @Override
    public boolean isSeeded() {
        agent.enter("copy-disks");
        checkWhole();
        if (copiedChunks < there.chunks()) {
            int chunk = copiedChunks++;
            int offset = chunk * there.chunkBytes();
            ByteBuffer bytes = guest.disk.slice(offset, there.length(chunk));
            if (!there.isSame(chunk, bytes)) {
                wrote(offset, there.length(chunk), Slab.Extent.DATA);
            }
        }
        return copiedChunks == there.chunks();
    }

    private void checkWhole() {
        if (broken) {
            throw new DomainException("disk-broken", "the mirror ended as planned", "none");
        }
    }

    @Override
    public void waitNoLonger() {
        broken |= !hasRoom();
    }

    @Override
    public List<Slab> take() {
        agent.enter("take");
        List<Slab> taken = List.copyOf(captured);
        captured.clear();
        return taken;
    }

    @Override
    public List<Progress> progress() {
        return List.of();
    }

    @Override
    public void onPressure(Runnable listener) {
        pressure = listener;
    }

    @Override
    public void attach() {
        agent.enter("attach-disks");
        if (guest.diskTap != this) {
            guest.diskTap = null; // what a dead agent left
        }
    }

    @Override
    public void preresume(long epoch) {
        checkWhole();
    }

    @Override
    public void commit(long epoch) {}

    @Override
    public void discard() {
        broken = true;
        letGo();
    }

    @Override
    public void detach() {
        close();
    }

    @Override
    public void close() {
        agent.enter("close-disks");
        letGo();
    }

    private void letGo() {
        if (guest.diskTap == this) {
            guest.diskTap = null;
        }
        captured.forEach(Slab::giveBack);
        captured.clear();
    }
}
