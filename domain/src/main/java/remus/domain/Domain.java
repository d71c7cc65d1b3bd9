package remus.domain;

import java.util.List;
import java.util.function.Consumer;

/**
 * A running VM that can be checkpointed.
 *
 * <p>One lap, always in this order and from one thread at a time: {@link #suspend}, {@link
 * #saveDevices}, {@link #harvest}, {@link #copy}, {@link #resume}, {@link #stageDevices}. Between
 * laps {@link #precopy} may seed a standby while the guest runs. A hypervisor whose checkpoint is
 * an opaque stream (Xen's libxenguest) leaves {@code harvest} at 0, produces its stream in {@code
 * copy} and stages it as {@link Slab.Content#DEVICES}; it announces no regions.
 */
public interface Domain extends AutoCloseable {

    /** Which running copy this is. */
    DomainIdentity identity();

    /** What the backup needs to make a standby. */
    StandbySpec standbySpec();

    /**
     * Examines whether the domain can be protected; changes nothing. Every condition is reported,
     * passed or not.
     */
    List<Finding> preflight();

    /**
     * Prepares checkpoints: arms the dirty log, or re-adopts one that an earlier life of this agent
     * left armed. Idempotent. The next {@link #precopy} or {@link #harvest} reports all memory.
     *
     * @throws DomainException if it cannot be done; the guest is as it was
     */
    void attach();

    /**
     * Where {@link DomainEvent}s go, called from a thread of the domain's own; set before attach.
     */
    void onEvent(Consumer<DomainEvent> listener);

    /**
     * One live pre-copy round: harvests and stages everything written since the last one while the
     * guest runs. Returns the pages staged.
     */
    long precopy(Staging out);

    /**
     * Suspends the guest; on return it executes nothing and its disks are drained.
     *
     * @return false if the guest was not running (its owner paused it, an I/O error stopped it):
     *     nothing was done and the lap must not go on
     * @throws DomainException if it cannot be suspended in time; it then runs on
     */
    boolean suspend();

    /** Saves the device state, into memory or a file of ours that {@link #stageDevices} reads. */
    void saveDevices();

    /**
     * Reads and re-arms the dirty log in one step. Returns the pages written since the last
     * harvest.
     */
    long harvest();

    /** Copies the harvested pages. */
    void copy(Staging out);

    /**
     * Lets the guest run on.
     *
     * @return false if somebody else resumed the guest before the copy was complete: this epoch is
     *     no consistent state and must not be committed
     */
    boolean resume();

    /**
     * Stages the saved device state; the guest runs meanwhile.
     *
     * @throws DomainException with code {@code config-changed} if it does not fit the standby any
     *     more
     */
    void stageDevices(Staging out);

    /** How far the guest's clock lags the host's because of its suspensions, in nanoseconds. */
    long clockLagNanos();

    /**
     * This copy lost: the backup runs the domain. Stops it for good; nothing of ours resumes it
     * again. It stays in memory, paused, until {@link #destroy}.
     */
    void retire();

    /**
     * Ends the hypervisor process of a copy that has been retired or that its owner has switched
     * off.
     */
    void destroy();

    /** Detaches: the domain stays exactly as it was found, running if it ran. Idempotent. */
    @Override
    void close();
}
