package remus.diskbuf.nbd;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One request of a connection, used again for a later one when it is answered.
 *
 * <pre>
 *   magic u32 | flags u16 | type u16 | cookie u64 | offset u64 | length u32 | payload of a write
 * </pre>
 */
final class NbdRequest implements Completion {
    private final NbdTransmission connection;

    int flags;
    @Nullable NbdCommand command;
    long cookie;
    long offset;
    long length;

    /** What the reply carries, behind the room for its header. */
    @Nullable ByteBuf reply;

    @Nullable Extents extents;
    @Nullable NbdError error;

    /** Counted against the limits of its connection. */
    long countedBytes;

    /** The next one in the queue of those that were completed on other threads. */
    @Nullable NbdRequest next;

    private boolean handedOver;

    NbdRequest(NbdTransmission connection) {
        this.connection = connection;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** From here on it can be completed, once. */
    void handOver() {
        handedOver = true;
    }

    @Override
    public void done() {
        complete(null);
    }

    @Override
    public void fail(NbdError why) {
        complete(why);
    }

    private void complete(@Nullable NbdError why) {
        if (!handedOver) {
            throw new IllegalStateException("a request is completed twice");
        }
        handedOver = false;
        error = why;
        connection.completed(this);
    }

    /** Forgets what it was. */
    void recycle() {
        if (reply != null) {
            reply.release();
        }
        reply = null;
        extents = null;
        error = null;
        next = null;
        countedBytes = 0;
    }
}
