package remus.backup;

/** When a takeover that failed is tried again: a few times, with longer and longer waits. */
final class Tries {
    private static final int TRIES = 5;
    private static final long FIRST_WAIT_NANOS = 500_000_000;
    private static final long NEVER = Long.MAX_VALUE;

    private int failed;
    private long next = NEVER;

    /** A try failed. Returns whether there will be another. */
    boolean another(long now) {
        failed++;
        next = failed < TRIES ? now + (FIRST_WAIT_NANOS << (failed - 1)) : NEVER;
        return next != NEVER;
    }

    /** Nothing has failed, but it is too early. */
    void later(long now) {
        next = now + FIRST_WAIT_NANOS;
    }

    /** No more tries are wanted. */
    void over() {
        failed = 0;
        next = NEVER;
    }

    boolean isDue(long now) {
        return next != NEVER && now - next >= 0;
    }

    long dueInNanos(long now) {
        return next == NEVER ? NEVER : Math.max(0, next - now);
    }
}
