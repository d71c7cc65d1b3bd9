package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import remus.domain.DomainException;

/**
 * Stops and continues one guest, and knows whose stop it was. QEMU tells of every stop and resume
 * by an event that comes in order with the answers: a STOP between our {@code stop} and its answer
 * is ours, none means that the guest was not running, and a RESUME before our {@code cont} is
 * somebody else's.
 *
 * <p>One case cannot be told: a user's {@code stop} while ours is in force changes nothing in QEMU
 * and emits no event.
 */
final class GuestPause {
    private static final long STOP_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final byte[] STOP_AND_QUERY =
            ascii("{\"execute\":\"stop\"}{\"execute\":\"query-migrate\"}");
    private static final byte[] CONT = ascii("{\"execute\":\"cont\"}");

    private final QmpClient monitor;
    private final SuspendMarker marker;
    private volatile boolean running;
    private volatile boolean stopExpected;
    private volatile boolean contExpected;
    private volatile boolean contUnderWay;
    private volatile boolean ours;
    private volatile boolean disturbed;

    /** The connection is ours to read; see {@link QmpClient#beginLap}. */
    private volatile boolean lap;

    private volatile long stoppedNanos;
    private volatile long lagNanos;

    GuestPause(QmpClient monitor, SuspendMarker marker) {
        this.monitor = monitor;
        this.marker = marker;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Learns the state, and lets a guest run on that an earlier life of this agent left suspended.
     * Events must already be told to {@link #stopEvent} and {@link #resumeEvent}.
     */
    void begin() {
        JsonNode status = monitor.execute("query-status");
        running = status.path("running").asBoolean();
        if (marker.isSet() && status.path("status").asText().equals("paused")) {
            contExpected = true;
            monitor.execute("cont");
        }
        marker.clear();
    }

    /** Reader thread: a STOP came. Returns whether it was somebody else's. */
    boolean stopEvent() {
        running = false;
        if (stopExpected) {
            stopExpected = false;
            ours = true;
            stoppedNanos = System.nanoTime();
            return false;
        }
        // our cont found the guest running: QEMU then tells of a stop and a resume
        disturbed |= contUnderWay;
        return true;
    }

    /** Reader thread: a RESUME came. Returns whether it was somebody else's. */
    boolean resumeEvent() {
        running = true;
        boolean foreign = !contExpected;
        if (ours) {
            long lag = lagNanos + System.nanoTime() - stoppedNanos;
            lagNanos = lag;
            disturbed |= foreign;
            ours = false;
            marker.clear();
        }
        contExpected = false;
        return foreign;
    }

    boolean isRunning() {
        return running;
    }

    /** Sum of the suspensions: QEMU's virtual clock stands still in them. */
    long lagNanos() {
        return lagNanos;
    }

    /**
     * Suspends.
     *
     * @return false if it was not running
     * @throws DomainException {@code suspend-timeout}, {@code migration-blocked}: it runs on
     */
    boolean suspend() {
        if (!running || ours) {
            return false;
        }
        monitor.beginLap();
        lap = true;
        boolean suspended = false;
        try {
            suspended = stop();
            return suspended;
        } finally {
            if (!suspended) {
                endLap();
            }
        }
    }

    private boolean stop() {
        disturbed = false;
        stopExpected = true;
        marker.set();
        Pending stopped = new Pending("stop");
        Pending migration = new Pending("query-migrate");
        monitor.submit(STOP_AND_QUERY, stopped, migration);
        JsonNode reasons;
        try {
            monitor.awaitInLap(stopped, STOP_TIMEOUT_NANOS);
            if (!ours) {
                stopExpected = false;
                if (!disturbed) {
                    marker.clear();
                    return false;
                }
            }
            reasons = monitor.awaitInLap(migration, STOP_TIMEOUT_NANOS).path("blocked-reasons");
        } catch (DomainException e) {
            throw giveUp(e);
        }
        if (!reasons.isEmpty()) {
            resume();
            throw blocked(reasons);
        }
        return true;
    }

    private void endLap() {
        if (lap) {
            lap = false;
            monitor.endLap();
        }
    }

    /** Commands are executed in order: however late the stop comes, this follows it. */
    private DomainException giveUp(DomainException cause) {
        if (cause.code().equals("qmp-timeout")) {
            contExpected = true;
            monitor.submit(CONT, new Pending("cont"));
        }
        return new DomainException(
                "suspend-timeout",
                "the guest could not be suspended: " + cause.getMessage(),
                "it runs on; look whether its storage hangs",
                cause);
    }

    static DomainException blocked(JsonNode reasons) {
        StringBuilder text = new StringBuilder();
        reasons.forEach(reason -> text.append(text.isEmpty() ? "" : "; ").append(reason.asText()));
        return new DomainException(
                "migration-blocked",
                "QEMU cannot save the state of this guest: " + text,
                "take that device or setting out of the VM's configuration");
    }

    /**
     * Lets the guest run on, if the stop was ours.
     *
     * @return false if somebody else interfered since {@link #suspend}
     */
    boolean resume() {
        try {
            if (lap) {
                monitor.readInLap(); // a RESUME that came meanwhile is not the one of our cont
            }
            if (!ours) {
                return false;
            }
            contExpected = true;
            contUnderWay = true;
            Pending resumed = new Pending("cont");
            monitor.submit(CONT, resumed);
            if (lap) {
                monitor.awaitInLap(resumed, QmpClient.DEFAULT_TIMEOUT_NANOS);
            } else {
                monitor.await(resumed);
            }
            return !disturbed;
        } finally {
            contUnderWay = false;
            endLap();
        }
    }

    /**
     * Stops the guest for good: no life of this agent takes the stop for one of its suspensions.
     */
    void retire() {
        marker.clear();
        monitor.execute("stop");
    }

    /** Whether the guest is suspended by us now. */
    boolean isOurs() {
        return ours;
    }

    /** Not for a lap: asks QEMU whether a save is possible. */
    static void requireMigratable(Monitor monitor) {
        JsonNode reasons = monitor.execute("query-migrate", Map.of()).path("blocked-reasons");
        if (!reasons.isEmpty()) {
            throw blocked(reasons);
        }
    }
}
