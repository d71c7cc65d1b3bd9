package remus.testkit;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.zip.CRC32C;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.PeerLink;
import remus.protocol.WireDirection;

/**
 * One end of a simulated connection. Frames are encoded some time after they were given, as by the
 * real link, so that memory which is used again too early is noticed.
 */
final class SimLink implements PeerLink {
    private static final long NANOS_PER_BYTE = 1;

    private record Queued(Frame frame, long bytes, long checksum, Runnable onWritten) {}

    private final SimWorld world;
    private final SimAgent agent;
    private final SimNetwork.Way way;
    private final WireDirection wire = new WireDirection();
    private final Deque<Queued> queue = new ArrayDeque<>();
    private final Deque<byte[]> unread = new ArrayDeque<>();
    private Listener listener;
    private SimLink far;
    private boolean reading = true;
    private boolean closed;
    private long pendingBytes;
    private long writtenAt;
    private long lastArrival;

    SimLink(SimWorld world, SimAgent agent, Listener listener) {
        this.world = world;
        this.agent = agent;
        this.listener = listener;
        this.way = world.network.from(agent.host);
    }

    void joins(SimLink other) {
        far = other;
        other.far = this;
    }

    void owner(Listener newListener) {
        listener = newListener;
    }

    @Override
    public void send(Frame frame, Runnable onWritten) {
        if (!agent.alive) {
            throw new SimCrash();
        }
        world.checker.sends(agent.host, frame);
        if (closed) {
            frame.release();
            agent.later(0, onWritten);
            return;
        }
        Queued queued = new Queued(frame, WireDirection.bytes(frame), checksum(frame), onWritten);
        queue.add(queued);
        pendingBytes += queued.bytes;
        if (world.scenario.instantWrites()) {
            write();
            return;
        }
        writtenAt = Math.max(writtenAt, world.clock.now()) + world.random.nextLong(60_000);
        agent.later(writtenAt - world.clock.now(), this::write);
    }

    private static long checksum(Frame frame) {
        CRC32C crc = new CRC32C();
        if (frame.payload().isReadable()) {
            crc.update(frame.payload().nioBuffer());
        }
        return crc.getValue();
    }

    private void write() {
        Queued next = queue.poll();
        if (next == null) {
            return;
        }
        pendingBytes -= next.bytes;
        if (checksum(next.frame) != next.checksum) {
            world.checker.fail(
                    "memory of a "
                            + next.frame.type()
                            + " frame was used again before it was sent");
        }
        byte[] bytes = wire.encode(next.frame);
        transmit(bytes.length, () -> far.arrived(bytes));
        next.onWritten.run();
    }

    private void transmit(int bytes, Runnable arrival) {
        long now = world.clock.now();
        lastArrival =
                Math.max(
                        lastArrival + 1,
                        now + world.network.latencyNanos() + bytes * NANOS_PER_BYTE);
        world.clock.after(lastArrival - now, () -> world.network.arrive(way, arrival));
    }

    private void arrived(byte[] bytes) {
        agent.run(
                () -> {
                    unread.add(bytes);
                    read();
                });
    }

    private void read() {
        while (reading && !closed && !unread.isEmpty()) {
            for (Frame frame : far.wire.decode(unread.remove())) {
                if (frame.type() == FrameType.PAGES || frame.type() == FrameType.DEVICES) {
                    agent.received(frame.payload());
                }
                world.checker.arrives(agent.host, frame);
                listener.onFrame(this, frame);
            }
        }
    }

    @Override
    public long pendingBytes() {
        return pendingBytes;
    }

    @Override
    public void reading(boolean on) {
        reading = on;
        if (on && !unread.isEmpty()) {
            agent.later(0, this::read);
        }
    }

    @Override
    public void close() {
        finish("closed by this side", true);
    }

    void peerClosed(String reason) {
        agent.run(() -> finish(reason, false));
    }

    /** The kernel closes what a dead process had open; a dead host has no kernel. */
    void processDied(boolean kernelLives) {
        if (!closed) {
            closed = true;
            if (kernelLives) {
                transmit(0, () -> far.peerClosed("closed by peer"));
            }
        }
    }

    private void finish(String reason, boolean tellPeer) {
        if (closed) {
            return;
        }
        closed = true;
        for (Queued next = queue.poll(); next != null; next = queue.poll()) {
            next.frame.release();
            agent.later(0, next.onWritten);
        }
        pendingBytes = 0;
        if (listener != null) {
            agent.later(0, () -> listener.onClosed(this, reason));
        }
        if (tellPeer) {
            transmit(0, () -> far.peerClosed("closed by peer"));
        }
    }

    @Override
    public String peer() {
        return (far.agent.host.name + ":1").replace(' ', '-');
    }
}
