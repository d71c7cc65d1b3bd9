package remus.diskbuf.nbd;

import io.netty.buffer.ByteBuf;

/**
 * A disk that {@link NbdServer} serves.
 *
 * <p>Called on the I/O threads of several connections at once; nothing here may block. An export
 * ends a request through its {@link Completion}: before it returns, or later and from any thread,
 * in any order. Until then the request counts against the limits of its connection: an export that
 * withholds the replies of writes slows its client down.
 *
 * <p>Ranges were checked: they lie inside the disk, and payloads have at most 32 MiB. Nothing that
 * changes the disk comes to one that is read-only. Requests that overlap and are in flight together
 * may be done in any order.
 */
public interface Export extends AutoCloseable {
    /** What clients ask for; at most 4096 bytes of UTF-8. */
    String name();

    /** Bytes of the disk; does not change. */
    long sizeBytes();

    /**
     * The most bytes of a read or write that clients are told to send at once; those that do not
     * ask may send 32 MiB.
     */
    default int maxRequestBytes() {
        return Nbd.MAX_PAYLOAD_BYTES;
    }

    /** Whether it takes no writes. */
    boolean isReadOnly();

    /**
     * Whether a flush on one connection covers what was completed on all, and each connection sees
     * at once what was completed on another.
     */
    boolean isMultiConn();

    /** Appends {@code length} bytes from {@code offset} on to {@code into}, which has the room. */
    void read(long offset, int length, ByteBuf into, Completion done);

    /**
     * Writes all readable bytes of {@code payload}. The export owns it from here and releases it,
     * which may be long before it completes the request.
     *
     * @param durable whether it must be on stable storage before it completes
     */
    void write(long offset, ByteBuf payload, boolean durable, Completion done);

    /**
     * Makes a range read as zeros.
     *
     * @param mayPunch whether the range may be given back to the storage
     * @param fast whether to fail with {@link NbdError#ENOTSUP} rather than write the zeros
     */
    void zero(
            long offset,
            long length,
            boolean mayPunch,
            boolean fast,
            boolean durable,
            Completion done);

    /** The content of a range is of no use any more; may do nothing. */
    void trim(long offset, long length, boolean durable, Completion done);

    /** Puts every write that was completed before on stable storage. */
    void flush(Completion done);

    /** A range will be read soon; may do nothing. */
    void cache(long offset, long length, Completion done);

    /** Tells {@code found} where data is in a range, in order and from {@code offset} on. */
    void status(long offset, long length, Extents found, Completion done);

    /** Gives everything back. Only when no server serves it any more. */
    @Override
    void close();
}
