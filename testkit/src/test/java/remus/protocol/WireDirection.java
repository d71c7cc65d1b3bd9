package remus.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;

/** One direction of a simulated connection: the real encoder, bytes, and the real decoder. */
public final class WireDirection {
    private static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

    private final FrameEncoder encoder = new FrameEncoder();
    private final EmbeddedChannel receiver = new EmbeddedChannel(new FrameDecoder());

    /** Bytes that {@code frame} takes on the wire. */
    public static long bytes(Frame frame) {
        return FrameEncoder.wireBytes(frame);
    }

    /** The frame as bytes, copied; the frame's payload is given up. */
    public byte[] encode(Frame frame) {
        ByteBuf head = encoder.encodeHead(frame, ALLOCATOR);
        int headBytes = head.readableBytes();
        byte[] bytes = new byte[headBytes + frame.payload().readableBytes()];
        head.readBytes(bytes, 0, headBytes);
        frame.payload().readBytes(bytes, headBytes, bytes.length - headBytes);
        head.release();
        frame.release();
        return bytes;
    }

    /** What the receiver makes of the bytes. */
    public List<Frame> decode(byte[] bytes) {
        receiver.writeInbound(Unpooled.wrappedBuffer(bytes));
        List<Frame> frames = new ArrayList<>(1);
        for (Frame frame = receiver.readInbound(); frame != null; frame = receiver.readInbound()) {
            frames.add(frame);
        }
        return frames;
    }
}
