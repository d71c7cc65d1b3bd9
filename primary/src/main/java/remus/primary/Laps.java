package remus.primary;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.domain.DomainException;
import remus.ha.Reason;
import remus.primary.CheckpointLoop.LapException;
import remus.primary.CheckpointLoop.Outcome;

/** Seeds, then runs a lap when it is due and the window has room, and judges laps that fail. */
final class Laps {
    private static final Logger LOG = LoggerFactory.getLogger(Laps.class);
    private static final int LAPS_MAY_FAIL = 5;
    private static final long WITNESS_WAIT_NANOS = 100_000_000;
    private static final long DISK_PATIENCE_NANOS = 10_000_000_000L;
    private static final long DISK_LOOK_NANOS = 1_000_000_000;

    private final String group;
    private final PrimaryHost host;
    private final EpochScheduler scheduler;
    private final PrimaryCore core;
    private int failedLaps;
    private long heldSince;
    private boolean held;

    Laps(String group, PrimaryHost host, EpochScheduler scheduler, PrimaryCore core) {
        this.group = group;
        this.host = host;
        this.scheduler = scheduler;
        this.core = core;
    }

    /** Does a round of the seed. Returns nanoseconds until the next is due. */
    long seed(Protection current) {
        try {
            long due = current.seeder.round();
            boolean waits = current.seeder.isComplete() && !core.seeded(host.nanoTime());
            return waits ? WITNESS_WAIT_NANOS : due;
        } catch (DomainException e) {
            core.breakOff(Reason.of(e), host.nanoTime());
            return 0;
        }
    }

    /**
     * No laps are run, as the backup is away. Disk writes of the guests may wait for a while: a
     * guest gives a disk up that does not answer for half a minute. Returns nanoseconds until there
     * is something to do.
     */
    long hold(Protection current, long now) {
        if (!held) {
            held = true;
            heldSince = now;
        }
        long left = heldSince + DISK_PATIENCE_NANOS - now;
        if (left > 0) {
            return left;
        }
        current.letWritesGoOn();
        return DISK_LOOK_NANOS;
    }

    /** Returns nanoseconds until the next lap is due. */
    long run(Protection current, long now) {
        held = false;
        if (!scheduler.isDue(now)) {
            return scheduler.dueInNanos(now);
        }
        if (!current.window.hasRoom()) {
            return Long.MAX_VALUE; // the next acknowledgement wakes us
        }
        scheduler.begun(now);
        try {
            Outcome outcome = current.checkpoint();
            if (outcome == Outcome.NOT_RUNNING) {
                stoodStill(current);
            } else if (outcome == Outcome.COMPLETE) {
                core.lapDone(failedLaps > 0, host.nanoTime());
                failedLaps = 0;
            }
        } catch (LapException e) {
            lapFailed(e, e.pagesLost());
        } catch (RuntimeException e) {
            lapFailed(e, true); // whatever it was, the harvested pages are in no epoch
        }
        return scheduler.dueInNanos(host.nanoTime());
    }

    /** Also says so of a member that stood still before anybody listened. */
    private void stoodStill(Protection current) {
        for (int i = 0; i < current.members.size(); i++) {
            if (current.stoodStill(i)) {
                String name = current.members.get(i).name();
                core.memberPaused(
                        name, "it did not run when a checkpoint was due", host.nanoTime());
            }
        }
    }

    private void lapFailed(RuntimeException failure, boolean pagesLost) {
        Throwable cause = failure instanceof LapException ? failure.getCause() : failure;
        Reason why =
                cause instanceof DomainException known
                        ? Reason.of(known)
                        : new Reason("checkpoint-failed", "a checkpoint failed: " + cause);
        LOG.warn("{}: {}", group, why.text(), failure);
        failedLaps++;
        if (pagesLost || failedLaps >= LAPS_MAY_FAIL) {
            failedLaps = 0;
            core.breakOff(why, host.nanoTime());
        } else {
            core.remark(why, host.nanoTime());
        }
    }
}
