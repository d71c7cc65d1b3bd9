package remus.domain.linux;

import com.sun.jna.Native;

/**
 * process_vm_readv(2) and process_vm_writev(2): memory of another process, copied by the kernel.
 *
 * <p>SAFETY: {@code local} and {@code remote} are the addresses of arrays of struct iovec (address,
 * length: two 64-bit words) with at least the given counts, at most {@link #MAX_IOVECS}. What the
 * local ones point to must be memory of ours that stays allocated for the call. The kernel checks
 * remote addresses; a short count means that one was not mapped.
 */
public final class ProcessMemoryLibrary {
    /** IOV_MAX of Linux. */
    public static final int MAX_IOVECS = 1024;

    static {
        Native.register(ProcessMemoryLibrary.class, "c");
    }

    private ProcessMemoryLibrary() {}

    /** Returns the bytes read, -1 with errno. */
    public static native long process_vm_readv(
            int pid, long local, long localCount, long remote, long remoteCount, long flags);

    /** Returns the bytes written, -1 with errno. */
    public static native long process_vm_writev(
            int pid, long local, long localCount, long remote, long remoteCount, long flags);
}
