package remus.domain;

import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The bounded staging memory of one group (invariant I7). All slabs are made at the start, and
 * their memory is touched then, never first while a guest is suspended. The slab that came back
 * last is lent first: its bytes are the most likely to be in the cache.
 *
 * <p>Any thread may give back; taking is for the group's checkpoint threads.
 */
public final class SlabPool {
    private static final int SLABS_PER_PIECE = 64;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition oneMore = lock.newCondition();
    private final Slab[] free;
    private int available;
    private volatile Runnable given = () -> {};

    /** A pool in the JVM's own direct memory; see {@link #SlabPool(long, IntFunction)}. */
    public SlabPool(long capBytes) {
        this(capBytes, ByteBuffer::allocateDirect);
    }

    /**
     * A pool of {@code capBytes}, rounded down to whole slabs, at least {@code 4}.
     *
     * @param memory makes off-heap memory of so many bytes, touched already
     */
    public SlabPool(long capBytes, IntFunction<ByteBuffer> memory) {
        free = new Slab[(int) Math.max(4, capBytes / Slab.MEMORY_BYTES)];
        for (int made = 0; made < free.length; ) {
            int slabs = Math.min(SLABS_PER_PIECE, free.length - made);
            ByteBuffer piece = memory.apply(slabs * Slab.MEMORY_BYTES);
            for (int i = 0; i < slabs; i++) {
                free[made++] =
                        new Slab(this, piece.slice(i * Slab.MEMORY_BYTES, Slab.MEMORY_BYTES));
            }
        }
        available = free.length;
    }

    /** A free slab, or null if all are staged or in flight. */
    public @Nullable Slab poll() {
        lock.lock();
        try {
            return available == 0 ? null : take();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits up to {@code timeoutNanos} until fewer than {@code most} slabs are lent, and lends one;
     * null if that did not come.
     */
    public @Nullable Slab poll(int most, long timeoutNanos) throws InterruptedException {
        int leave = Math.max(0, free.length - most);
        long left = timeoutNanos;
        lock.lock();
        try {
            while (available <= leave) {
                if (left <= 0) {
                    return null;
                }
                left = oneMore.awaitNanos(left);
            }
            return take();
        } finally {
            lock.unlock();
        }
    }

    private Slab take() {
        available--;
        return free[available];
    }

    /** Gives a slab back. */
    public void give(Slab slab) {
        lock.lock();
        try {
            if (available == free.length) {
                throw new IllegalStateException("slab given back twice");
            }
            free[available] = slab;
            available++;
            oneMore.signal();
        } finally {
            lock.unlock();
        }
        given.run();
    }

    /** Called whenever a slab is back, by whoever gave it. */
    public void onGive(Runnable listener) {
        given = listener;
    }

    /** Slabs that are free now. */
    public int available() {
        lock.lock();
        try {
            return available;
        } finally {
            lock.unlock();
        }
    }

    /** Slabs in all. */
    public int capacity() {
        return free.length;
    }
}
