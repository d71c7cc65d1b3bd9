package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;

/**
 * A command that was sent, and whose answer is awaited by the thread that sent it.
 *
 * <p>Outside of laps that thread parks at once. Spinning first was tried and gained nothing where
 * cores are few: it takes from QEMU's threads the core that the answer needs (on 2 cores p50 50 µs
 * either way, p99 122 µs parked and 665 µs spun).
 *
 * <p>An answer that comes after its waiter gave up still ends here; answers come in order, so that
 * it cannot be taken for the next command's.
 */
final class Pending {
    private final String command;
    private final Thread waiter = Thread.currentThread();
    private volatile @Nullable JsonNode answer;
    private volatile @Nullable DomainException failure;

    Pending(String command) {
        this.command = command;
    }

    /** Whether an answer, good or bad, has come. */
    boolean done() {
        return answer != null || failure != null;
    }

    void complete(JsonNode value) {
        answer = value;
        LockSupport.unpark(waiter);
    }

    void fail(DomainException cause) {
        failure = cause;
        LockSupport.unpark(waiter);
    }

    /** The words of the command, for messages. */
    String command() {
        return command;
    }

    /**
     * Waits for the answer; not interruptible, as half a conversation helps nobody.
     *
     * @throws DomainException {@code qmp-error}, {@code qmp-timeout}, {@code qmp-closed}
     */
    JsonNode await(long timeoutNanos) {
        boolean interrupted = false;
        try {
            long start = System.nanoTime();
            while (!done()) {
                long waited = System.nanoTime() - start;
                if (waited >= timeoutNanos) {
                    throw timeout(timeoutNanos);
                }
                LockSupport.parkNanos(this, timeoutNanos - waited);
                interrupted |= Thread.interrupted();
            }
        } finally {
            if (interrupted) {
                waiter.interrupt();
            }
        }
        DomainException cause = failure;
        if (cause != null) {
            throw cause;
        }
        JsonNode value = answer;
        if (value == null) {
            throw new IllegalStateException("woken without an answer");
        }
        return value;
    }

    DomainException timeout(long timeoutNanos) {
        return new DomainException(
                "qmp-timeout",
                "QEMU did not answer "
                        + command
                        + " within "
                        + TimeUnit.NANOSECONDS.toMillis(timeoutNanos)
                        + " ms",
                "look whether its process is stopped or its storage hangs");
    }
}
