package remus.domain.qemu;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import remus.domain.DomainException;

/** The newest device state, off-heap. Two buffers take turns, so that one is always whole. */
final class StandbyDevices {
    /** Far beyond any device state; a peer that sends more is wrong. */
    static final int LIMIT_BYTES = 64 << 20;

    private ByteBuffer current = ByteBuffer.allocateDirect(0);
    private ByteBuffer spare = ByteBuffer.allocateDirect(256 << 10);

    /**
     * Replaces the state by the parts, put together.
     *
     * @throws DomainException {@code device-state-too-large}; the one before is kept
     */
    void replace(Iterable<ByteBuf> parts) {
        long bytes = 0;
        for (ByteBuf part : parts) {
            bytes += part.readableBytes();
        }
        if (bytes > LIMIT_BYTES) {
            throw new DomainException(
                    "device-state-too-large",
                    "device state of " + bytes + " bytes (expected: <= " + LIMIT_BYTES + ")",
                    "remove devices from the domain");
        }
        if (spare.capacity() < bytes) {
            spare = ByteBuffer.allocateDirect((int) bytes);
        }
        spare.clear();
        for (ByteBuf part : parts) {
            int length = part.readableBytes();
            spare.limit(spare.position() + length);
            part.getBytes(part.readerIndex(), spare);
        }
        ByteBuffer before = current;
        current = spare.flip();
        spare = before;
    }

    /** What was given last; empty if nothing was. */
    ByteBuffer state() {
        return current.duplicate();
    }
}
