package remus.ha;

/**
 * Work that a conductor does in small steps. The same steps run under a thread in the agent and
 * under simulated time in the simulator.
 */
public interface DutyCycle {

    /**
     * Does whatever is due.
     *
     * @param now {@link System#nanoTime} or simulated nanoseconds
     * @return nanoseconds from {@code now} until something is due again, at least 0; whoever posts
     *     work wakes the conductor earlier
     */
    long doWork(long now);

    /** Whether the conductor has ended: {@link #doWork} need not be called again. */
    boolean isDone();
}
