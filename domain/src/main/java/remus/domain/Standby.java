package remus.domain;

import io.netty.buffer.ByteBuf;

/**
 * The paused copy of a domain at the backup. {@code writePages} and {@code devices} are called only
 * with whole committed epochs (or with the seed, before there is a first one), from one thread.
 *
 * <p>Life: fed any number of epochs, then either {@link #close discarded}, or {@link #load loaded}
 * and {@link #run run}. Loading cannot be undone, but as long as the memory is kept a new standby
 * process can be made from it.
 */
public interface Standby extends AutoCloseable {

    /**
     * Applies the payload of one PAGES frame.
     *
     * @param runTable {@code runs} runs in the layout of {@link Slab}, then the pages of the raw
     *     ones
     * @throws IllegalArgumentException if a run lies outside the region
     */
    void writePages(int region, int runs, ByteBuf runTable);

    /** Replaces the device state that {@link #load} will use; the parts were sent in this order. */
    void devices(Iterable<ByteBuf> parts);

    /**
     * Loads the last device state: the domain is complete, paused, silent. It has not run.
     * Repeating it does nothing.
     *
     * @throws DomainException if the hypervisor does not accept it
     */
    void load();

    /**
     * Opens the network and lets the domain run, then announces it.
     *
     * @throws DomainException if it does not run
     */
    void run();

    /** Which process the standby is. */
    DomainIdentity identity();

    /** Called when the standby's process dies before {@link #run}, from a thread of its own. */
    void onLost(Runnable listener);

    /**
     * Destroys the standby and its memory, unless it {@link #run runs}: then only lets go of it.
     */
    @Override
    void close();
}
