package remus.testkit;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import remus.protocol.PeerLink;

/**
 * The wire between the two hosts, with TCP's manners: order is kept, what a cut holds up arrives
 * when it heals, a killed process's connections close, a dead host says nothing.
 */
final class SimNetwork {
    private static final long DIAL_TIMEOUT_NANOS = 1_000_000_000;

    /** Which way bytes go. */
    enum Way {
        TO_BACKUP,
        TO_PRIMARY
    }

    private final SimWorld world;
    private final Map<Way, Integer> cuts = new EnumMap<>(Way.class);
    private final Map<Way, List<Runnable>> heldUp = new EnumMap<>(Way.class);
    private final Map<SimAgent, List<SimLink>> links = new HashMap<>();
    long slowness = 1;

    SimNetwork(SimWorld world) {
        this.world = world;
        for (Way way : Way.values()) {
            cuts.put(way, 0);
            heldUp.put(way, new ArrayList<>());
        }
    }

    Way from(SimHost host) {
        return host == world.primary ? Way.TO_BACKUP : Way.TO_PRIMARY;
    }

    private SimHost other(SimHost host) {
        return host == world.primary ? world.backup : world.primary;
    }

    private boolean isCut(Way way) {
        return cuts.get(way) > 0;
    }

    void cut(Way way) {
        cuts.merge(way, 1, Integer::sum);
    }

    void heal(Way way) {
        cuts.merge(way, -1, Integer::sum);
        if (!isCut(way)) {
            List<Runnable> arriving = List.copyOf(heldUp.get(way));
            heldUp.get(way).clear();
            arriving.forEach(Runnable::run);
        }
    }

    long latencyNanos() {
        long latency = world.scenario.latencyNanos() * slowness;
        return latency / 2 + world.random.nextLong(latency);
    }

    /** Something gets there, or waits for the cut to heal. */
    void arrive(Way way, Runnable what) {
        if (isCut(way)) {
            heldUp.get(way).add(what);
        } else {
            what.run();
        }
    }

    private long handshakeNanos() {
        return 2 * latencyNanos();
    }

    void dial(
            SimAgent from,
            PeerLink.Listener listener,
            Consumer<PeerLink> connected,
            Consumer<String> failed) {
        SimHost to = other(from.host);
        if (isCut(Way.TO_BACKUP) || isCut(Way.TO_PRIMARY) || !to.alive) {
            from.later(DIAL_TIMEOUT_NANOS, () -> failed.accept("connection timed out"));
            return;
        }
        world.clock.after(
                handshakeNanos(),
                () -> {
                    if (!to.listens()) {
                        from.run(() -> failed.accept("connection refused"));
                    } else if (from.alive) {
                        from.run(() -> connected.accept(connect(from, to.agent, listener)));
                    }
                });
    }

    private SimLink connect(SimAgent from, SimAgent to, PeerLink.Listener listener) {
        SimLink near = new SimLink(world, from, listener);
        SimLink far = new SimLink(world, to, null);
        near.joins(far);
        to.run(() -> far.owner(to.service.door()));
        links.computeIfAbsent(from, agent -> new ArrayList<>()).add(near);
        links.computeIfAbsent(to, agent -> new ArrayList<>()).add(far);
        return near;
    }

    void probe(SimAgent from, Consumer<Boolean> refused) {
        SimHost to = other(from.host);
        if (isCut(Way.TO_BACKUP) || isCut(Way.TO_PRIMARY) || !to.alive) {
            from.later(DIAL_TIMEOUT_NANOS, () -> refused.accept(false));
            return;
        }
        world.clock.after(
                handshakeNanos(),
                () -> {
                    boolean gone = to.alive && !to.listens();
                    from.run(() -> refused.accept(gone));
                });
    }

    void agentDied(SimAgent agent) {
        List<SimLink> open = links.remove(agent);
        if (open != null) {
            open.forEach(link -> link.processDied(agent.host.alive));
        }
    }

    /** Somebody on the way resets every connection. */
    void resetAll() {
        links.values().stream()
                .flatMap(List::stream)
                .toList()
                .forEach(link -> link.peerClosed("reset"));
    }
}
