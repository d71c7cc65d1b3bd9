package remus.ha;

import org.jspecify.annotations.Nullable;

/**
 * Suspects the peer. Three different grounds with three different delays: its agent is proven gone
 * (at once), its connection closed and did not come back (after the reconnect grace), or nothing
 * was heard of it, or its work stood still, for too long. Pure: time is an argument, nothing is
 * measured here.
 *
 * <p>Suspicion decides only <em>when</em> to act, never who may run.
 */
public final class FailureDetector {
    /** A peer that beats but whose work stands still this many silence limits long is hung. */
    private static final int HANG_FACTOR = 5;

    private static final long EXCUSE_NANOS = 20_000_000_000L;

    private static final long NEVER = Long.MAX_VALUE;

    private final long silenceLimitNanos;
    private final long reconnectGraceNanos;
    private long lastHeard = NEVER;
    private long lastProgress = NEVER;
    private long progress = -1;
    private long linkDownSince = NEVER;
    private String linkDownReason = "";
    private boolean agentGone;

    /** Both limits in nanoseconds. */
    public FailureDetector(long silenceLimitNanos, long reconnectGraceNanos) {
        this.silenceLimitNanos = silenceLimitNanos;
        this.reconnectGraceNanos = reconnectGraceNanos;
    }

    /** The data connection is open; everything before it is forgotten. */
    public void linkUp(long now) {
        lastHeard = now;
        lastProgress = now;
        linkDownSince = NEVER;
        agentGone = false;
    }

    /** A connection that we opened: a peer that has just started may take its time to greet us. */
    public void opened(long now) {
        linkUp(now);
        excuse(now);
    }

    /**
     * The peer was given work to do that may take it a while: it has 20 s more, until it says
     * something about it. Beats alone do not end that: their thread is not the one that works.
     */
    public void excuse(long now) {
        lastHeard = now + EXCUSE_NANOS;
        lastProgress = lastHeard;
    }

    /** The data connection closed. */
    public void linkDown(long now, String reason) {
        if (linkDownSince == NEVER) {
            linkDownSince = now;
            linkDownReason = reason;
        }
    }

    /**
     * The peer's host answered a connection attempt with a refusal: its agent does not run any
     * more.
     */
    public void agentGone() {
        agentGone = linkDownSince != NEVER;
    }

    /** A frame of the peer's work came: it lives, and its work moves. */
    public void heard(long now) {
        lastHeard = now;
        lastProgress = now;
    }

    /** A heartbeat came that carried this progress counter. */
    public void beat(long now, long peerProgress) {
        lastHeard = Math.max(lastHeard, now);
        if (peerProgress != progress) {
            progress = peerProgress;
            lastProgress = Math.max(lastProgress, now);
        }
    }

    /** Why the peer is suspected now; null while it is not. */
    public @Nullable Reason suspicion(long now) {
        if (lastHeard == NEVER) {
            return null;
        }
        if (agentGone) {
            return new Reason(
                    "agent-gone",
                    "the peer's connection " + linkDownReason + " and its agent answers no longer");
        }
        if (linkDownSince != NEVER && now - linkDownSince >= reconnectGraceNanos) {
            return new Reason(
                    "link-closed",
                    "the peer's connection "
                            + linkDownReason
                            + " and did not come back within "
                            + reconnectGraceNanos / 1_000_000
                            + " ms");
        }
        if (now - lastHeard >= silenceLimitNanos) {
            return new Reason(
                    "silent",
                    "nothing was heard of the peer for " + silenceLimitNanos / 1_000_000 + " ms");
        }
        if (now - lastProgress >= HANG_FACTOR * silenceLimitNanos) {
            return new Reason(
                    "hung",
                    "the peer beats but its work stood still for "
                            + HANG_FACTOR * silenceLimitNanos / 1_000_000
                            + " ms");
        }
        return null;
    }

    /** Nanoseconds until a suspicion could arise if nothing more is heard. */
    public long dueInNanos(long now) {
        if (lastHeard == NEVER) {
            return NEVER;
        }
        long due =
                Math.min(
                        lastHeard + silenceLimitNanos,
                        lastProgress + HANG_FACTOR * silenceLimitNanos);
        if (linkDownSince != NEVER) {
            due = Math.min(due, agentGone ? now : linkDownSince + reconnectGraceNanos);
        }
        return Math.max(0, due - now);
    }
}
