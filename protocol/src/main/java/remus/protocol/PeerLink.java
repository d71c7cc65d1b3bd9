package remus.protocol;

/**
 * One open connection to the peer agent, as the conductors of both sides see it: frames out here,
 * frames in and the end of the connection through the {@link Listener} given when it was made.
 *
 * <p>Any thread may call it. Netty implements it over TCP; the simulator implements it over
 * simulated time.
 */
public interface PeerLink {

    /**
     * Queues a frame; order is kept. The frame's payload belongs to the link from here on.
     *
     * @param onWritten run on the link's I/O thread once the bytes have left this process, or the
     *     connection has failed: the payload's memory may then be used again
     */
    void send(Frame frame, Runnable onWritten);

    /** Queues a frame whose payload memory nobody waits for. */
    default void send(Frame frame) {
        send(frame, () -> {});
    }

    /** Bytes queued and not yet handed to the kernel. */
    long pendingBytes();

    /**
     * Stops or goes on reading frames. The owner of a connection stops it while it holds as much as
     * it may; the peer is then slowed by TCP.
     */
    void reading(boolean on);

    /**
     * Closes the connection; the listener hears of it once. What is queued is dropped: to close
     * after a last frame, use {@code send(frame, link::close)}.
     */
    void close();

    /** The peer's address for people: {@code host:port}. */
    String peer();

    /** What a connection tells its owner, always from one thread, in order. */
    interface Listener {
        /** A frame arrived; the listener now owns its payload. */
        void onFrame(PeerLink link, Frame frame);

        /**
         * The connection is gone. {@code reason} is a sentence fragment such as "closed by peer".
         */
        void onClosed(PeerLink link, String reason);
    }
}
