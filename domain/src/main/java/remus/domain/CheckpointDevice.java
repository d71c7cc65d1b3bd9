package remus.domain;

/**
 * Something outside a domain's memory that takes part in each checkpoint: a buffer of network
 * output or disk writes, an external replicator. The shape is Xen's {@code
 * libxl__checkpoint_device}.
 *
 * <p>Called from the group's checkpoint thread. {@code presuspend}, {@code postsuspend} and {@code
 * preresume} run while the guest is suspended and must not wait for anything; {@code release} may
 * come later than the next epoch's {@code preresume}.
 */
public interface CheckpointDevice extends AutoCloseable {

    /**
     * Attaches to the running domain; from here on output is held. {@code close} follows even if it
     * fails.
     */
    void attach();

    /**
     * The members are about to be suspended: what the hypervisor waits for before it stops must be
     * answered at once from here on until {@link #resumed}.
     */
    default void presuspend(long epoch) {}

    /** All members are suspended. */
    default void postsuspend(long epoch) {}

    /**
     * The epoch is copied; what happened until now belongs to it. Just before the guests run again.
     *
     * <p>Comes again with the same number when the lap turns out to be void or fails after this:
     * then everything until the later call belongs to the epoch.
     */
    void preresume(long epoch);

    /** The members run again, whatever became of the lap. */
    default void resumed() {}

    /** The epoch and all before it are committed at the backup: their effects may be seen. */
    void commit(long epoch);

    /** The effects not yet committed must never be seen: this copy lost. Holding goes on. */
    void discard();

    /**
     * Everything held may be seen, and so may all that follows: the domain is no longer protected,
     * by a licence that the caller has (the backup's promise, or an operator's word). Leaves the
     * domain as it was found.
     */
    void detach();

    /** Lets go of this process's resources; what is held stays held. Idempotent. */
    @Override
    void close();
}
