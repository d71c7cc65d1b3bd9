package remus.protocol;

import static remus.protocol.FrameEncoder.CRC_OFFSET;
import static remus.protocol.FrameEncoder.MAGIC;
import static remus.protocol.FrameEncoder.PREFIX_BYTES;
import static remus.protocol.FrameEncoder.checkLength;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import remus.protocol.wire.Digests;
import remus.protocol.wire.DiskWrites;
import remus.protocol.wire.Pages;

/**
 * Turns bytes into frames; the layout is drawn in {@link FrameEncoder}. Nothing is allocated before
 * its announced length has passed the limit of the frame's type, and nothing is handed on before
 * the checksum of the whole frame agrees.
 *
 * <pre>
 *            valid prefix          header complete
 *   PREFIX -----------&gt; HEADER -----------------&gt; PAYLOAD     each part is one buffer of exactly
 *      ^                                              |        its size, filled as bytes come
 *      +-----------------------------------------------+
 *                 frame complete: handed on
 *   any -- ProtocolException --&gt; NOTHING: further bytes are dropped
 * </pre>
 *
 * <p>A large part is read from the socket straight into its own buffer, without a copy in between:
 * {@link FrameReadAllocator} gives Netty that buffer to read into, and {@link #channelRead} then
 * recognises it.
 */
final class FrameDecoder extends ChannelInboundHandlerAdapter {
    private enum Awaited {
        PREFIX,
        HEADER,
        PAYLOAD,
        NOTHING
    }

    private final byte[] prefixBytes = new byte[PREFIX_BYTES];
    private final ByteBuf prefix = Unpooled.wrappedBuffer(prefixBytes).clear();
    private final CRC32C crc = new CRC32C();

    private Awaited awaited = Awaited.PREFIX;
    private ByteBuf filling = prefix;
    private int checkedBytes;
    private int sequence;
    private FrameType type = FrameType.HELLO;
    private int payloadBytes;
    private ByteBuf header = Unpooled.EMPTY_BUFFER;

    /**
     * The buffer that the next bytes belong to, if at least {@code minBytes} of it are missing; not
     * retained.
     */
    @Nullable ByteBuf fillingFor(int minBytes) {
        boolean large = awaited == Awaited.HEADER || awaited == Awaited.PAYLOAD;
        return large && filling.writableBytes() >= minBytes ? filling : null;
    }

    /** Whether a frame has begun and is not complete. */
    boolean isMidFrame() {
        return awaited != Awaited.NOTHING
                && (awaited != Awaited.PREFIX || prefix.writerIndex() > 0);
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // the very buffer, not one with the same bytes
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            if (in == filling) {
                completeParts(ctx);
            } else {
                while (awaited != Awaited.NOTHING && in.isReadable()) {
                    int bytes = Math.min(in.readableBytes(), filling.writableBytes());
                    filling.writeBytes(in, bytes);
                    completeParts(ctx);
                }
            }
        } catch (ProtocolException e) {
            stop();
            throw e;
        } finally {
            in.release();
        }
    }

    /** Checks the new bytes while they are in the cache, and goes on from every full part. */
    private void completeParts(ChannelHandlerContext ctx) {
        while (awaited != Awaited.NOTHING) {
            if (awaited != Awaited.PREFIX) {
                updateChecksum();
            }
            if (filling.isWritable()) {
                return;
            }
            switch (awaited) {
                case PREFIX -> beginHeader(ctx);
                case HEADER -> beginPayload(ctx);
                case PAYLOAD -> complete(ctx);
                default -> throw new IllegalStateException("" + awaited);
            }
            if (awaited == Awaited.PREFIX) {
                return;
            }
        }
    }

    private void updateChecksum() {
        int bytes = filling.writerIndex() - checkedBytes;
        if (bytes > 0) {
            crc.update(filling.nioBuffer(checkedBytes, bytes));
            checkedBytes += bytes;
        }
    }

    private void beginHeader(ChannelHandlerContext ctx) {
        int magic = prefix.getUnsignedShort(0);
        if (magic != MAGIC) {
            throw new ProtocolException(
                    String.format("magic: 0x%04x (expected: 0x%04x)", magic, MAGIC));
        }
        Versions.OURS.checkFrameVersion(prefix.getUnsignedByte(2));
        type = FrameType.ofCode(prefix.getUnsignedByte(3));
        if (prefix.getInt(4) != sequence) {
            throw new ProtocolException(
                    "sequence: "
                            + prefix.getUnsignedInt(4)
                            + " (expected: "
                            + Integer.toUnsignedString(sequence)
                            + ")");
        }
        long headerBytes = prefix.getUnsignedInt(8);
        checkLength("header length", headerBytes, type.maxHeaderBytes());
        checkLength("payload length", prefix.getUnsignedInt(12), type.maxPayloadBytes());
        payloadBytes = prefix.getInt(12);
        crc.reset();
        crc.update(prefixBytes, 0, CRC_OFFSET);
        await(Awaited.HEADER, room(ctx, (int) headerBytes));
    }

    private void beginPayload(ChannelHandlerContext ctx) {
        header = filling;
        await(Awaited.PAYLOAD, room(ctx, payloadBytes));
    }

    private static ByteBuf room(ChannelHandlerContext ctx, int bytes) {
        return bytes == 0 ? Unpooled.EMPTY_BUFFER : ctx.alloc().directBuffer(bytes, bytes);
    }

    private void await(Awaited next, ByteBuf into) {
        awaited = next;
        filling = into;
        checkedBytes = 0;
    }

    private void complete(ChannelHandlerContext ctx) {
        int expectedCrc = prefix.getInt(CRC_OFFSET);
        int actualCrc = (int) crc.getValue();
        if (actualCrc != expectedCrc) {
            throw new ProtocolException(
                    String.format("checksum: 0x%08x (expected: 0x%08x)", actualCrc, expectedCrc));
        }
        Frame frame = new Frame(type, parseHeader(), filling);
        switch (type) {
            case PAGES -> PagesPayload.validate(frame.header(Pages.class), filling);
            case DISK_WRITES -> DiskPayload.validate(frame.header(DiskWrites.class), filling);
            case DIGESTS -> DiskPayload.validate(frame.header(Digests.class), filling);
            default -> {
                // no other payload has a form that is checked here
            }
        }
        header.release();
        header = Unpooled.EMPTY_BUFFER;
        sequence++;
        prefix.clear();
        await(Awaited.PREFIX, prefix);
        ctx.fireChannelRead(frame);
    }

    private MessageLite parseHeader() {
        try {
            return type.headerParser().parseFrom(header.nioBuffer());
        } catch (InvalidProtocolBufferException e) {
            throw new ProtocolException(
                    "header: " + e.getMessage() + " (expected: a message of type " + type + ")");
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        stop();
    }

    private void stop() {
        if (awaited == Awaited.PAYLOAD) {
            header.release();
        }
        if (awaited != Awaited.NOTHING) {
            filling.release();
        }
        await(Awaited.NOTHING, Unpooled.EMPTY_BUFFER);
    }
}
