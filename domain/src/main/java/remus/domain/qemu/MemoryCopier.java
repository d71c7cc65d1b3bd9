package remus.domain.qemu;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.Staging;
import remus.domain.linux.AddressRange;
import remus.domain.linux.DirtyLog;
import remus.domain.linux.Errno;
import remus.domain.linux.ProcessMemoryLibrary;

/**
 * Copies harvested pages out of QEMU straight into slabs: one system call for each slab, whose runs
 * are the remote vector. Allocates nothing once it has seen every slab of the pool.
 */
final class MemoryCopier {
    private static final int IOVEC_BYTES = 16;

    private final int pid;
    private final List<AddressRange> addresses;
    private final ByteBuffer local = direct(1);
    private final ByteBuffer remote = direct(Slab.PAGES);
    private final long localAddress = address(local);
    private final long remoteAddress = address(remote);
    private final Map<Slab, Long> slabAddresses = new HashMap<>();

    MemoryCopier(long pid, List<AddressRange> addresses) {
        this.pid = Math.toIntExact(pid);
        this.addresses = addresses;
    }

    private static ByteBuffer direct(int iovecs) {
        return ByteBuffer.allocateDirect(iovecs * IOVEC_BYTES).order(ByteOrder.nativeOrder());
    }

    private static long address(ByteBuffer buffer) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(buffer));
    }

    /**
     * Copies what {@code log} harvested.
     *
     * @throws DomainException {@code memory-unreadable}
     */
    void copy(DirtyLog log, Staging out) {
        for (int region = 0; region < addresses.size(); region++) {
            long base = addresses.get(region).start();
            Slab slab = null;
            int runs = 0;
            long last = log.firstElement(region + 1);
            for (long element = log.firstElement(region); element < last; element++) {
                long at = log.start(element);
                long end = log.end(element);
                while (at < end) {
                    if (slab == null || slab.room() == 0) {
                        finish(slab, runs);
                        slab = out.nextPages(region);
                        runs = 0;
                    }
                    int pages = (int) Math.min((end - at) / Slab.PAGE_BYTES, slab.room());
                    slab.addRun((int) ((at - base) / Slab.PAGE_BYTES), pages);
                    remote.putLong(runs * IOVEC_BYTES, at);
                    remote.putLong(runs * IOVEC_BYTES + 8, (long) pages * Slab.PAGE_BYTES);
                    runs++;
                    at += (long) pages * Slab.PAGE_BYTES;
                }
            }
            finish(slab, runs);
        }
    }

    private void finish(@Nullable Slab slab, int runs) {
        if (slab == null || runs == 0) {
            return;
        }
        Long start = slabAddresses.get(slab);
        if (start == null) {
            start = address(slab.memory());
            slabAddresses.put(slab, start);
        }
        long bytes = (long) slab.pages() * Slab.PAGE_BYTES;
        local.putLong(0, start + Slab.TABLE_BYTES);
        local.putLong(8, bytes);
        long read =
                ProcessMemoryLibrary.process_vm_readv(pid, localAddress, 1, remoteAddress, runs, 0);
        if (read != bytes) {
            throw new DomainException(
                    "memory-unreadable",
                    read < 0
                            ? Errno.describe("reading QEMU's memory", Errno.last())
                            : "QEMU's memory was read short: " + read + " of " + bytes + " bytes",
                    "look whether QEMU runs, and that the agent is root with CAP_SYS_PTRACE");
        }
    }
}
