package remus.netbuf;

import remus.domain.CheckpointDevice;

/**
 * Holds the network output of one domain. Bytes and packets are held per epoch; {@code
 * commit(epoch)} releases everything up to that epoch, in order.
 *
 * <p>Free of drops until its limit; near the limit it calls the pressure listener, so that the next
 * checkpoint comes early; at the limit it drops whole packets and counts them, because a reader
 * that stops reading would freeze the guest.
 */
public interface NetBuffer extends CheckpointDevice {

    /** Called, from the buffer's own thread, when half of the limit is held. */
    void onPressure(Runnable listener);

    /** What the buffer holds and did. */
    Stats stats();

    /**
     * A snapshot of one buffer.
     *
     * @param heldBytes bytes held now
     * @param heldPackets packets held now
     * @param releasedPackets packets released since attach
     * @param droppedPackets packets dropped at the limit since attach
     * @param discardedPackets packets discarded since attach
     */
    record Stats(
            long heldBytes,
            long heldPackets,
            long releasedPackets,
            long droppedPackets,
            long discardedPackets) {}
}
