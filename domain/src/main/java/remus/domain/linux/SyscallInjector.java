package remus.domain.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;

/**
 * Makes another process execute one system call (ptrace(2); x86-64). Its main thread is stopped for
 * a fraction of a millisecond.
 *
 * <p>All requests come from one thread made for it. When that thread ends the kernel detaches
 * whatever is still traced, so that neither a failure nor the time limit leaves the process
 * stopped. Being killed at any point in between lets it run on, with a poll that seems to have
 * returned early.
 *
 * <p>The process must not be a child of this JVM, whose own waiting could take the ptrace stops.
 */
public final class SyscallInjector {
    private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final int REGS_BYTES = 216;
    private static final int RAX = 80;
    private static final int RDX = 96;
    private static final int RSI = 104;
    private static final int RDI = 112;
    private static final int ORIG_RAX = 120;
    private static final int RIP = 128;
    private static final int RSP = 152;
    private static final int SYSCALL_BYTES = 2;
    private static final int SIGTRAP = 5;
    private static final int SYSCALL_STOP = SIGTRAP | 0x80;
    private static final int EVENT_STOP = 128;

    private final int pid;
    private final Memory registers = new Memory(REGS_BYTES);
    private final Memory saved = new Memory(REGS_BYTES);
    private final Memory status = new Memory(8);
    private long deadline;
    private boolean stopped;
    private long result;
    private @Nullable RuntimeException failure;

    private SyscallInjector(int pid) {
        this.pid = pid;
        failure = failed("the tracing thread died", 0);
    }

    /** Whether this JVM runs on an architecture that the injector knows. */
    public static boolean supported() {
        return System.getProperty("os.arch", "").equals("amd64");
    }

    /**
     * Executes a call in process {@code pid}; numbers only, no pointers.
     *
     * @return what the call returned: negative is an errno
     * @throws DomainException {@code ptrace-denied}, {@code inject-failed}; the process goes on
     */
    public static long inject(int pid, long number, long first, long second) {
        SyscallInjector injector = new SyscallInjector(pid);
        Thread tracer = new Thread(() -> injector.run(number, first, second), "inject-" + pid);
        tracer.setDaemon(true);
        tracer.start();
        boolean interrupted = false;
        while (tracer.isAlive()) {
            try {
                tracer.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return injector.outcome();
    }

    private long outcome() {
        if (failure != null) {
            throw failure;
        }
        return result;
    }

    private void run(long number, long first, long second) {
        try {
            warmUp();
            deadline = System.nanoTime() + TIMEOUT_NANOS;
            request(PtraceLibrary.SEIZE, 0, PtraceLibrary.O_TRACESYSGOOD);
            try {
                request(PtraceLibrary.INTERRUPT, 0, 0);
                awaitEventStop();
                execute(number, first, second);
            } finally {
                letGo();
            }
            failure = null;
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    /** The first call of each costs milliseconds, which the other process should not wait for. */
    private void warmUp() {
        PtraceLibrary.ptrace(PtraceLibrary.GETREGS, 0, 0, address(saved));
        PtraceLibrary.waitpid(pid, address(status), PtraceLibrary.WNOHANG | PtraceLibrary.WALL);
        status.setInt(0, 0);
        stopSignal();
        for (int i = 0; i < REGS_BYTES; i += 8) {
            registers.setLong(i, saved.getLong(i));
        }
        LockSupport.parkNanos(1);
    }

    private void execute(long number, long first, long second) {
        request(PtraceLibrary.GETREGS, 0, address(saved));
        boolean atEntry = saved.getLong(ORIG_RAX) < 0;
        if (atEntry) {
            // it was computing: its next system call lends us its instruction
            awaitSyscallStop();
            request(PtraceLibrary.GETREGS, 0, address(saved));
        }
        for (int i = 0; i < REGS_BYTES; i += 8) {
            registers.setLong(i, saved.getLong(i));
        }
        registers.setLong(RDI, first);
        registers.setLong(RSI, second);
        registers.setLong(RDX, 0);
        if (atEntry) {
            registers.setLong(ORIG_RAX, number);
            // afterwards that call is made from its start
            saved.setLong(RIP, saved.getLong(RIP) - SYSCALL_BYTES);
            saved.setLong(RAX, saved.getLong(ORIG_RAX));
            saved.setLong(ORIG_RAX, -1);
        } else {
            registers.setLong(RIP, saved.getLong(RIP) - SYSCALL_BYTES);
            registers.setLong(RAX, number);
            registers.setLong(ORIG_RAX, -1);
        }
        long stack = saved.getLong(RSP);
        request(PtraceLibrary.SETREGS, 0, address(registers));
        try {
            // a signal handler may make calls of its own meanwhile, on another stack pointer
            for (int stops = atEntry ? 1 : 0; stops < 2; ) {
                awaitSyscallStop();
                request(PtraceLibrary.GETREGS, 0, address(registers));
                if (registers.getLong(RSP) == stack && registers.getLong(ORIG_RAX) == number) {
                    stops++;
                }
            }
            result = registers.getLong(RAX);
        } finally {
            if (stopped) {
                request(PtraceLibrary.SETREGS, 0, address(saved));
            }
        }
        // an interrupted poll is only made again by the kernel on its way out of such a stop
        request(PtraceLibrary.INTERRUPT, 0, 0);
        request(PtraceLibrary.CONT, 0, 0);
        stopped = false;
        awaitEventStop();
    }

    private void letGo() {
        if (stopped) {
            PtraceLibrary.ptrace(PtraceLibrary.DETACH, pid, 0, 0);
        }
    }

    private void awaitSyscallStop() {
        long signal = 0;
        do {
            request(PtraceLibrary.SYSCALL, 0, signal);
            stopped = false;
            awaitStop();
            signal = event() == 0 ? stopSignal() : 0;
        } while (signal != SYSCALL_STOP);
    }

    private void awaitEventStop() {
        awaitStop();
        while (event() != EVENT_STOP || stopSignal() != SIGTRAP) {
            if (event() == EVENT_STOP) {
                throw failed("it is stopped by signal " + stopSignal(), 0);
            }
            request(PtraceLibrary.CONT, 0, stopSignal() == SYSCALL_STOP ? 0 : stopSignal());
            stopped = false;
            awaitStop();
        }
    }

    private void awaitStop() {
        int got = 0;
        while (got == 0) {
            got =
                    PtraceLibrary.waitpid(
                            pid, address(status), PtraceLibrary.WNOHANG | PtraceLibrary.WALL);
            if (got < 0) {
                throw failed("waiting for its stop", Errno.last());
            }
            if (got == 0 && System.nanoTime() > deadline) {
                throw failed("its main thread did not stop in time", 0);
            }
        }
        if ((status.getInt(0) & 0xff) != 0x7f) {
            throw failed("it ended", 0);
        }
        stopped = true;
    }

    private int stopSignal() {
        return status.getInt(0) >> 8 & 0xff;
    }

    private int event() {
        return status.getInt(0) >>> 16;
    }

    private static long address(Memory memory) {
        return Pointer.nativeValue(memory);
    }

    private void request(long request, long address, long data) {
        if (PtraceLibrary.ptrace(request, pid, address, data) < 0) {
            int errno = Errno.last();
            if (request == PtraceLibrary.SEIZE && errno == Errno.EPERM) {
                throw new DomainException(
                        "ptrace-denied",
                        "process " + pid + " may not be traced",
                        "run the agent as root with CAP_SYS_PTRACE; detach a debugger if one is"
                                + " attached (TracerPid in /proc/"
                                + pid
                                + "/status); see kernel.yama.ptrace_scope");
            }
            throw failed("ptrace request " + request, errno);
        }
    }

    private DomainException failed(String what, int errno) {
        return new DomainException(
                "inject-failed",
                "process "
                        + pid
                        + " could not be made to execute a system call: "
                        + (errno == 0 ? what : Errno.describe(what, errno)),
                "look whether it is stopped or a debugger holds it; it runs on as it was");
    }
}
