package remus.testkit;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.function.Consumer;
import remus.domain.DomainEvent;
import remus.domain.Slab;

/**
 * A hypervisor process with its guest; it outlives agents. The guest's program counts, changes
 * pages that depend on the count only, and says each count to the outside, so that everything seen
 * outside tells how far the state that caused it was.
 */
final class SimGuest {
    static final int COUNTER = 0;
    static final int HASH = 8;
    static final int HEARD = 16;
    private static final int SECTOR = 512;

    final SimWorld world;
    final String name;
    final long pid;
    final boolean copy;
    final ByteBuffer memory;

    /** Without bytes if it has none. */
    final ByteBuffer disk;

    final int pages;
    final BitSet dirty = new BitSet();
    boolean alive = true;
    boolean suspended;
    long suspendedSince;
    boolean paused;
    boolean off;
    boolean retired;

    /** Pages that the largest copy took while the guest was suspended. */
    long mostPagesSuspended;

    /** Filters in the hypervisor that hand the output to an agent; without one it is dropped. */
    boolean filtered;

    SimNetBuffer collector;
    SimDiskBuffer diskTap;
    Consumer<DomainEvent> listener;
    private long digest;

    /**
     * @param copy whether it runs at the backup
     */
    SimGuest(
            SimWorld world,
            String name,
            long pid,
            boolean copy,
            ByteBuffer memory,
            ByteBuffer disk) {
        this.world = world;
        this.name = name;
        this.pid = pid;
        this.copy = copy;
        this.memory = memory;
        this.disk = disk;
        this.pages = memory.capacity() / Slab.PAGE_BYTES;
        this.digest = digestOf(memory);
    }

    static long digestOf(ByteBuffer memory) {
        long sum = 0;
        for (int at = 0; at < memory.capacity(); at += 8) {
            sum += mix(at, memory.getLong(at));
        }
        return sum;
    }

    private static long mix(long at, long value) {
        if (value == 0) {
            return 0;
        }
        long z = value + at * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    long counter() {
        return memory.getLong(COUNTER);
    }

    long heard() {
        return memory.getLong(HEARD);
    }

    /** Changes whenever any word of the memory does. */
    long digest() {
        return digest;
    }

    boolean runs() {
        return alive && !suspended && !paused && !off && !retired;
    }

    void start() {
        world.clock.after(world.scenario.stepNanos(), this::tick);
    }

    private void tick() {
        if (!alive) {
            return;
        }
        if (runs() && (diskTap == null || diskTap.hasRoom())) {
            step();
        }
        long step = world.scenario.stepNanos();
        world.clock.after(step / 2 + world.random.nextLong(step), this::tick);
    }

    void step() {
        long count = counter() + 1;
        long hash = mix(count, memory.getLong(HASH) + 1);
        write(COUNTER, count);
        write(HASH, hash);
        for (int i = 0; i < world.scenario.writesPerStep(); i++) {
            long choice = mix(i + 1, hash) >>> 1;
            int page = 1 + (int) (choice % (pages - 1));
            int word = (int) (choice >>> 32) & 511;
            write(page * Slab.PAGE_BYTES + word * 8, (choice & 7) == 0 ? 0 : choice);
        }
        if (disk.capacity() > 0) {
            writeDisk(count, hash);
        }
        if (!filtered) {
            world.checker.left(this, count);
        } else if (collector != null) {
            collector.collect(count);
        }
    }

    private void writeDisk(long count, long hash) {
        int sectors = disk.capacity() / SECTOR;
        int at = SECTOR * (int) ((hash >>> 1) % sectors);
        Slab.Extent kind =
                switch ((int) (hash >>> 40) & 7) {
                    case 0 -> Slab.Extent.ZERO;
                    case 1 -> Slab.Extent.TRIM;
                    default -> Slab.Extent.DATA;
                };
        for (int word = 0; word < SECTOR; word += 8) {
            disk.putLong(at + word, kind == Slab.Extent.DATA ? hash + word : 0);
        }
        disk.putLong(0, count);
        if (diskTap != null) {
            diskTap.wrote(at, SECTOR, kind);
            diskTap.wrote(0, SECTOR, Slab.Extent.DATA);
        }
    }

    void hear(long count) {
        if (runs() && count > heard()) {
            write(HEARD, count);
        }
    }

    private void write(int at, long value) {
        digest += mix(at, value) - mix(at, memory.getLong(at));
        memory.putLong(at, value);
        dirty.set(at / Slab.PAGE_BYTES);
    }

    void suspend() {
        suspended = true;
        suspendedSince = world.clock.now();
    }

    void tell(DomainEvent.Kind kind, String detail) {
        if (listener != null) {
            listener.accept(new DomainEvent(kind, detail));
        }
    }

    void die() {
        alive = false;
        tell(DomainEvent.Kind.LOST, "killed");
    }
}
