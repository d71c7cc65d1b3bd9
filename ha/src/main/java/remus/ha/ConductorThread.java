package remus.ha;

import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs one {@link DutyCycle} on a thread of its own, parked while nothing is due. */
public final class ConductorThread {
    private static final Logger LOG = LoggerFactory.getLogger(ConductorThread.class);
    private static final long LONGEST_PARK_NANOS = 100_000_000;

    private final DutyCycle work;
    private final Mailbox mailbox;
    private final Thread thread;

    /** Starts the thread. */
    public static ConductorThread start(String name, DutyCycle work, Mailbox mailbox) {
        ConductorThread conductor = new ConductorThread(name, work, mailbox);
        mailbox.onPost(() -> LockSupport.unpark(conductor.thread));
        conductor.thread.start();
        return conductor;
    }

    @SuppressWarnings("ThreadPriorityCheck") // only shortens pauses; nothing relies on it
    private ConductorThread(String name, DutyCycle work, Mailbox mailbox) {
        this.work = work;
        this.mailbox = mailbox;
        this.thread = new Thread(this::run, name);
        this.thread.setDaemon(true);
        this.thread.setPriority(Thread.MAX_PRIORITY); // guests stand still until it goes on
    }

    private void run() {
        while (!work.isDone()) {
            long due;
            try {
                due = work.doWork(System.nanoTime());
            } catch (RuntimeException bug) {
                // A conductor that dies would leave its guest's output held for ever.
                LOG.error("bug: conductor {} failed in a step and goes on", thread.getName(), bug);
                due = LONGEST_PARK_NANOS;
            }
            if (due > 0 && mailbox.isEmpty()) {
                LockSupport.parkNanos(Math.min(due, LONGEST_PARK_NANOS));
            }
        }
        mailbox.end(); // a question that came too late is answered all the same
    }

    /** Waits until the conductor is done. Returns false if it is not within the time. */
    public boolean join(long timeoutMillis) throws InterruptedException {
        thread.join(timeoutMillis);
        return !thread.isAlive();
    }
}
