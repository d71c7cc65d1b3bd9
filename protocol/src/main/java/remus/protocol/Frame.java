package remus.protocol;

import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * One message between primary and backup: a small protobuf header and raw payload bytes.
 *
 * <p>The payload is reference counted and belongs to whoever holds the frame; {@link #release}
 * gives it up. The layout on the wire is drawn in {@code FrameEncoder} and docs/protocol.md.
 *
 * @param header the message of {@link FrameType#headerParser}
 * @param payload empty for all types but PAGES, DEVICES, DISK_WRITES and DIGESTS
 */
public record Frame(FrameType type, MessageLite header, ByteBuf payload) {
    /** 256 pages and their run table: large enough to be cheap, small enough to interleave. */
    public static final int MAX_PAYLOAD_BYTES = (1 << 20) + 256 * 8;

    /** Offers carry command lines and memory maps; nothing else comes near. */
    public static final int MAX_HEADER_BYTES = 1 << 20;

    /** What all other headers fit in: the longest hold a text for people. */
    public static final int MAX_SMALL_HEADER_BYTES = 1 << 16;

    /** A frame that is all header. */
    public static Frame of(FrameType type, MessageLite header) {
        return new Frame(type, header, Unpooled.EMPTY_BUFFER);
    }

    /** The header as the message that this frame's type implies. */
    public <T extends MessageLite> T header(Class<T> messageClass) {
        return messageClass.cast(header);
    }

    /** Gives up this holder's share of the payload. */
    public void release() {
        payload.release();
    }
}
