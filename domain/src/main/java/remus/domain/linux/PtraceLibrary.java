package remus.domain.linux;

import com.sun.jna.Native;

/**
 * ptrace(2).
 *
 * <p>SAFETY: every call for one tracee comes from the one thread that seized it. {@code data} is
 * the address of at least 216 writable bytes for PTRACE_GETREGS and PTRACE_SETREGS (struct
 * user_regs_struct of x86-64), else a plain number; {@code status} is the address of 4 writable
 * bytes. The tracee must be stopped for all requests but SEIZE and INTERRUPT, else the kernel
 * answers ESRCH and does nothing.
 */
final class PtraceLibrary {
    static final long CONT = 7;
    static final long GETREGS = 12;
    static final long SETREGS = 13;
    static final long DETACH = 17;
    static final long SYSCALL = 24;
    static final long SEIZE = 0x4206;
    static final long INTERRUPT = 0x4207;

    static final long O_TRACESYSGOOD = 1;
    static final int WNOHANG = 1;
    static final int WALL = 0x40000000;

    static {
        Native.register(PtraceLibrary.class, "c");
    }

    private PtraceLibrary() {}

    static native long ptrace(long request, int pid, long address, long data);

    static native int waitpid(int pid, long status, int options);
}
