package remus.primary;

/**
 * When the next epoch ends. The interval counts from suspend to suspend on a fixed grid; a tick
 * that comes while a lap is still under way, or the window is full, is counted and not queued.
 * Pure.
 */
final class EpochScheduler {
    private volatile long intervalNanos;
    private long nextDue;
    private volatile long missedTicks;

    EpochScheduler(long intervalNanos) {
        this.intervalNanos = intervalNanos;
    }

    /** The first epoch ends one interval from now. */
    void start(long now) {
        nextDue = now + intervalNanos;
    }

    /** Takes effect at once. */
    void interval(long newIntervalNanos, long now) {
        nextDue = Math.min(nextDue, now + newIntervalNanos);
        intervalNanos = newIntervalNanos;
    }

    long intervalNanos() {
        return intervalNanos;
    }

    /** The next checkpoint shall come at once; the grid starts anew from there. */
    void hurry(long now) {
        nextDue = Math.min(nextDue, now);
    }

    boolean isDue(long now) {
        return now - nextDue >= 0;
    }

    long dueInNanos(long now) {
        return Math.max(0, nextDue - now);
    }

    /** A lap begins: moves to the first tick of the grid after now. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    void begun(long now) {
        long late = (now - nextDue) / intervalNanos;
        missedTicks += late;
        nextDue += (late + 1) * intervalNanos;
    }

    long missedTicks() {
        return missedTicks;
    }
}
