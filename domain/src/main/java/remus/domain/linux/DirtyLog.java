package remus.domain.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;

/**
 * Which pages of another process's memory were written since the last {@link #harvest}, whoever of
 * that process's threads, its kernel side included, wrote them. Not seen: writes through another
 * process's mapping, and devices that reach memory through the IOMMU.
 *
 * <p>The first harvest reports every page.
 */
public final class DirtyLog implements AutoCloseable {
    private static final int PAGE_BYTES = 4096;
    private static final int REGION_BYTES = WriteProtection.REGION_BYTES;
    private static final int REGION_WORDS = REGION_BYTES / Long.BYTES;
    private static final int TOUCHED_BYTES = 4 << 20;

    private final RemoteUserfaultfd remote;
    private final int number;
    private final WriteProtection protection;
    private final AddressRange[] ranges;
    private final Memory vector;
    private final long vectorAddress;
    private final LongBuffer words;
    private final long capacity;
    private final long[] firstElement;
    private long elements;
    private boolean closed;

    private DirtyLog(
            RemoteUserfaultfd remote,
            int number,
            WriteProtection protection,
            List<AddressRange> ranges) {
        this.remote = remote;
        this.number = number;
        this.protection = protection;
        this.ranges = ranges.toArray(new AddressRange[0]);
        firstElement = new long[this.ranges.length + 1];
        // at worst every other page is written, and the kernel splits an element wherever its own
        // buffer of 512 is full; what is never touched costs no memory
        long worst = 0;
        for (AddressRange range : ranges) {
            long pages = range.bytes() / PAGE_BYTES;
            worst += pages / 2 + pages / 256 + 64;
        }
        capacity = Math.min(worst, Integer.MAX_VALUE / REGION_BYTES);
        vector = new Memory(capacity * REGION_BYTES);
        words =
                vector.getByteBuffer(0, vector.size())
                        .order(ByteOrder.nativeOrder())
                        .asLongBuffer();
        vectorAddress = Pointer.nativeValue(vector);
        for (long at = 0; at < Math.min(vector.size(), TOUCHED_BYTES); at += PAGE_BYTES) {
            vector.setByte(at, (byte) 0);
        }
    }

    /**
     * Starts logging writes to {@code ranges} of process {@code pid}, with the userfaultfd that it
     * has or a new one, and closes others that earlier agents left there.
     *
     * @throws DomainException the process is as it was; see {@link RemoteUserfaultfd}, {@link
     *     SyscallInjector}
     */
    public static DirtyLog arm(long pid, List<AddressRange> ranges) {
        RemoteUserfaultfd remote = new RemoteUserfaultfd(pid);
        List<Integer> strays = new ArrayList<>(remote.present());
        DirtyLog log = null;
        for (int i = 0; i < strays.size() && log == null; i++) {
            log = adopt(remote, strays.get(i), ranges);
            if (log != null) {
                strays.remove(i);
            }
        }
        if (log == null) {
            int made = remote.make();
            log = adopt(remote, made, ranges);
            if (log == null) {
                remote.closeInside(made);
                throw new DomainException(
                        "userfaultfd-foreign",
                        "the memory of process " + pid + " is tracked by a userfaultfd not ours",
                        "end the migration, snapshot or other agent that uses it");
            }
        }
        for (int stray : strays) {
            remote.closeInside(stray);
        }
        return log;
    }

    /**
     * Null if this userfaultfd cannot track the ranges; then none of them is registered with it.
     */
    private static @Nullable DirtyLog adopt(
            RemoteUserfaultfd remote, int number, List<AddressRange> ranges) {
        WriteProtection protection = remote.fetch(number);
        protection.negotiate();
        List<AddressRange> done = new ArrayList<>();
        for (AddressRange range : ranges) {
            // what an earlier agent armed is disarmed first, so that every page is reported again;
            // of memory that is registered with another userfaultfd this fails
            protection.unregister(range);
            if (protection.register(range) != 0 || !protection.asynchronous(range)) {
                done.forEach(protection::unregister);
                protection.unregister(range);
                protection.close();
                return null;
            }
            done.add(range);
        }
        return new DirtyLog(remote, number, protection, ranges);
    }

    /**
     * Forgets what was harvested: the next harvest reports every page again.
     *
     * @throws DomainException {@code dirty-log-lost}
     */
    public void restart() {
        for (AddressRange range : ranges) {
            protection.unregister(range);
            int errno = protection.register(range);
            if (errno != 0) {
                throw lost(errno);
            }
        }
    }

    /**
     * Reads and re-arms the log. The kernel does both in one step for each page, so that a write is
     * seen by this harvest or the next, and by none twice without reason.
     *
     * @return pages written since the last harvest
     * @throws DomainException {@code dirty-log-lost}: the log has a hole, start again with a seed
     */
    public long harvest() {
        elements = 0;
        long pages = 0;
        for (int i = 0; i < ranges.length; i++) {
            firstElement[i] = elements;
            long at = ranges[i].start();
            long end = ranges[i].end();
            while (at < end) {
                if (elements == capacity) {
                    throw lost(0); // without room the kernel would re-arm and tell nobody
                }
                long count =
                        protection.scan(
                                at,
                                end,
                                vectorAddress + elements * REGION_BYTES,
                                capacity - elements);
                if (count < 0 || protection.walkEnd() <= at) {
                    throw lost((int) -count); // never forward with a scan that gets nowhere
                }
                at = protection.walkEnd();
                elements += count;
            }
            for (long e = firstElement[i]; e < elements; e++) {
                pages += (end(e) - start(e)) / PAGE_BYTES;
            }
        }
        firstElement[ranges.length] = elements;
        return pages;
    }

    private static DomainException lost(int errno) {
        return new DomainException(
                "dirty-log-lost",
                Errno.describe("the written pages cannot be read", errno),
                "the domain is protected again after a new seed");
    }

    /**
     * The harvested elements of range {@code range} are [firstElement(range), firstElement(+1)).
     */
    public long firstElement(int range) {
        return firstElement[range];
    }

    /** First address of an element. */
    public long start(long element) {
        return words.get((int) element * REGION_WORDS);
    }

    /** First address behind an element. */
    public long end(long element) {
        return words.get((int) element * REGION_WORDS + 1);
    }

    /** Disarms: nothing of the log stays in the other process, if it still runs. Idempotent. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (AddressRange range : ranges) {
            protection.unregister(range);
        }
        protection.close();
        vector.close();
        if (remote.has(number)) {
            remote.closeInside(number);
        }
    }
}
