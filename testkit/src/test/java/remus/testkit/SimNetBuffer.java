package remus.testkit;

import java.util.ArrayDeque;
import java.util.Deque;
import remus.netbuf.NetBuffer;

/** The plainest correct net buffer. What an agent held is gone when it dies. */
final class SimNetBuffer implements NetBuffer {
    private record Held(long count, long epoch) {}

    private static final long OPEN = Long.MAX_VALUE;

    private final SimAgent agent;
    private final SimGuest guest;
    private final Deque<Held> held = new ArrayDeque<>();

    /** The incarnation that this buffer's epochs belong to; set when it is known. */
    long incarnation;

    private boolean attached;
    private long released;
    private long discarded;

    SimNetBuffer(SimAgent agent, SimGuest guest) {
        this.agent = agent;
        this.guest = guest;
    }

    void collect(long count) {
        if (agent.alive) {
            held.add(new Held(count, OPEN));
        }
    }

    @Override
    public void attach() {
        agent.enter("attach");
        agent.failIfAsked("attach");
        guest.filtered = true;
        guest.collector = this;
        attached = true;
        agent.leave("attach");
    }

    @Override
    public void preresume(long epoch) {
        agent.enter("preresume");
        agent.world.checker.epochEnds(incarnation, epoch, guest);
        for (int i = held.size(); i > 0; i--) {
            Held next = held.remove();
            held.add(next.epoch == OPEN ? new Held(next.count, epoch) : next);
        }
        agent.leave("preresume");
    }

    @Override
    public void commit(long epoch) {
        agent.enter("commit");
        agent.world.checker.releases(incarnation);
        while (!held.isEmpty() && held.peek().epoch <= epoch) {
            release(held.remove());
        }
        agent.leave("commit");
    }

    private void release(Held packet) {
        released++;
        agent.world.checker.left(guest, packet.count);
    }

    @Override
    public void discard() {
        agent.enter("discard");
        discarded += held.size();
        held.clear();
    }

    @Override
    public void detach() {
        agent.enter("detach");
        if (attached) {
            held.forEach(this::release);
            held.clear();
            guest.filtered = false;
            guest.collector = null;
            attached = false;
        }
        agent.leave("detach");
    }

    @Override
    public void close() {
        agent.enter("close");
        if (guest.collector == this) {
            guest.collector = null;
        }
    }

    @Override
    public void onPressure(Runnable listener) {}

    @Override
    public Stats stats() {
        return new Stats(held.size() * 24L, held.size(), released, 0, discarded);
    }
}
