package remus.diskbuf;

import java.util.List;
import remus.domain.CheckpointDevice;
import remus.domain.DomainException;
import remus.domain.Slab;

/**
 * Captures what one domain writes to its disks, epoch by epoch; the writes stay on its own disks as
 * well. First the disks are copied while the domain runs: {@link #seed}, then {@link #take} until
 * {@link #isSeeded}. From then on every write is captured before it completes to the guest, and
 * what {@code take} hands over while the guest is suspended is all that the epoch wrote.
 *
 * <p>Bounded: when too much is captured and not yet given back, the pressure listener is called and
 * the guest's writes take longer. They never do while the guest is being suspended, as its
 * hypervisor completes them before it stops (see {@link #presuspend}).
 */
public interface DiskBuffer extends CheckpointDevice {

    /**
     * Begins to copy the disks.
     *
     * @param there what the backup holds of each disk, in the order of the disk indices; what is
     *     there already need not be sent
     * @throws DomainException if it cannot begin; {@code close} or {@code detach} follows
     */
    void seed(List<ChunkDigests> there);

    /**
     * Hands over all that was captured since the last call, in order; the slabs are the caller's,
     * who gives them back.
     */
    List<Slab> take();

    /**
     * Nobody makes room any more: if a write of the guest waits for it, it waits no longer, and
     * from then on not every write is captured. Does nothing while none waits.
     */
    void waitNoLonger();

    /**
     * Whether the disks are copied but for what {@link #take} has not handed over yet.
     *
     * @throws DomainException {@code disk-broken} if the copying has ended
     */
    boolean isSeeded();

    /** How far each disk is, in the order of the disk indices. */
    List<Progress> progress();

    /** Called, from a thread of the buffer's own, when the next checkpoint should come early. */
    void onPressure(Runnable listener);

    /** From here on writes belong to epochs. Unless it is seeded, nothing is captured. */
    @Override
    void attach();

    /**
     * How far one disk is copied.
     *
     * @param name the disk's
     * @param bytes its size
     * @param copiedBytes of the first copy, zeroes and what the backup had already included
     * @param sentBytes what had to be sent, writes since included
     * @param heldBytes of memory for captured writes that is in use, of all disks together
     * @param mode how its writes are captured, in one word
     */
    record Progress(
            String name,
            long bytes,
            long copiedBytes,
            long sentBytes,
            long heldBytes,
            String mode) {}
}
