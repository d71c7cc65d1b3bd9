package remus.domain;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The bounded staging memory of one group (invariant I7). Slabs are made up to the cap, then only
 * recycled; their memory is touched when they are made, never first while a guest is suspended.
 *
 * <p>Any thread may give back; taking is for the group's checkpoint threads.
 */
public final class SlabPool {
    private final ArrayBlockingQueue<Slab> free;
    private final int capacity;

    /** A pool of {@code capBytes}, rounded down to whole slabs, at least {@code 4}. */
    public SlabPool(long capBytes) {
        capacity =
                (int)
                        Math.max(
                                4,
                                capBytes
                                        / (Slab.TABLE_BYTES + (long) Slab.PAGES * Slab.PAGE_BYTES));
        free = new ArrayBlockingQueue<>(capacity);
        for (int i = 0; i < capacity; i++) {
            free.add(new Slab());
        }
    }

    /** A free slab, or null if all are staged or in flight. */
    public @Nullable Slab poll() {
        return free.poll();
    }

    /** Waits up to {@code timeoutNanos} for a free slab; null if none came. */
    public @Nullable Slab poll(long timeoutNanos) throws InterruptedException {
        return free.poll(timeoutNanos, TimeUnit.NANOSECONDS);
    }

    /** Gives a slab back. */
    public void give(Slab slab) {
        if (!free.offer(slab)) {
            throw new IllegalStateException("slab given back twice");
        }
    }

    /** Slabs that are free now. */
    public int available() {
        return free.size();
    }

    /** Slabs in all. */
    public int capacity() {
        return capacity;
    }
}
