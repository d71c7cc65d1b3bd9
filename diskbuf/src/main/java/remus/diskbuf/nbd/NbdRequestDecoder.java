package remus.diskbuf.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Finds requests in the bytes of one connection, and gives nothing on before it is asked to: so
 * that a client whose requests are at their limit fills the socket, not our memory.
 *
 * <pre>
 *            beginPayload(length)            isWhole
 *   HEADER ----------------------&gt; PAYLOAD ----------&gt; HEADER
 *      \---- beginSkip(length) --&gt; SKIP ---------------/
 * </pre>
 *
 * <p>A payload is never gathered by copies of copies. If all of it has come with its header it is a
 * slice of what was read; else it gets one buffer of its length, into which {@link
 * NbdReadAllocator} has the socket read.
 */
final class NbdRequestDecoder {
    /** Less than this is not worth a read of its own: it comes along with the next header. */
    static final int MIN_DIRECT_BYTES = 32 << 10;

    /** One read takes many small requests. */
    static final int READ_BYTES = 128 << 10;

    /** What is read of a large payload along with its header must be copied; so read little. */
    static final int READ_BYTES_BEFORE_LARGE = 4 << 10;

    private final Queue<ByteBuf> inputs = new ArrayDeque<>();
    private final ByteBuf splitHeader = Unpooled.buffer(Nbd.REQUEST_BYTES, Nbd.REQUEST_BYTES);
    private @Nullable ByteBuf payload;
    private long skipBytes;
    private int readBytes = READ_BYTES;

    /** Takes what was read. */
    @SuppressWarnings("ReferenceEquality") // the very buffer, not one with the same bytes
    void feed(ByteBuf in) {
        if (in == payload || !in.isReadable()) {
            in.release();
        } else {
            inputs.add(in);
        }
    }

    /**
     * Reads the next header into {@code request}.
     *
     * @return false if it has not come as a whole
     * @throws NbdProtocolException if it is no request
     */
    boolean header(NbdRequest request) {
        ByteBuf in = inputs.peek();
        if (in != null && splitHeader.writerIndex() == 0) {
            if (in.readableBytes() >= Nbd.REQUEST_BYTES) {
                parse(in, request);
                dropIfEmpty(in);
                return true;
            }
        }
        while (in != null && splitHeader.isWritable()) {
            splitHeader.writeBytes(in, Math.min(in.readableBytes(), splitHeader.writableBytes()));
            dropIfEmpty(in);
            in = inputs.peek();
        }
        if (splitHeader.isWritable()) {
            return false;
        }
        parse(splitHeader, request);
        splitHeader.clear();
        return true;
    }

    private static void parse(ByteBuf in, NbdRequest request) {
        int magic = in.readInt();
        if (magic != Nbd.REQUEST_MAGIC) {
            throw new NbdProtocolException(
                    String.format(
                            "request magic: 0x%08x (expected: 0x%08x)", magic, Nbd.REQUEST_MAGIC));
        }
        request.flags = in.readUnsignedShort();
        request.command = NbdCommand.of(in.readUnsignedShort());
        request.cookie = in.readLong();
        request.offset = in.readLong();
        request.length = in.readUnsignedInt();
    }

    private void dropIfEmpty(ByteBuf in) {
        if (!in.isReadable()) {
            inputs.remove();
            in.release();
        }
    }

    /** The next {@code length} bytes are a payload; the caller has bounded them. */
    void beginPayload(int length, ByteBufAllocator allocator) {
        readBytes = length >= READ_BYTES ? READ_BYTES_BEFORE_LARGE : READ_BYTES;
        ByteBuf in = inputs.peek();
        if (in != null && in.readableBytes() >= length) {
            payload = in.readRetainedSlice(length);
            dropIfEmpty(in);
        } else {
            payload = allocator.directBuffer(length, length);
        }
    }

    /** The next {@code length} bytes are of no use. */
    void beginSkip(long length) {
        skipBytes = length;
    }

    /** Whether what was begun has come as a whole. */
    boolean isWhole() {
        ByteBuf filling = payload;
        if (filling != null) {
            for (ByteBuf in = inputs.peek();
                    in != null && filling.isWritable();
                    in = inputs.peek()) {
                filling.writeBytes(in, Math.min(in.readableBytes(), filling.writableBytes()));
                dropIfEmpty(in);
            }
            return !filling.isWritable();
        }
        for (ByteBuf in = inputs.peek(); in != null && skipBytes > 0; in = inputs.peek()) {
            int bytes = (int) Math.min(in.readableBytes(), skipBytes);
            in.skipBytes(bytes);
            skipBytes -= bytes;
            dropIfEmpty(in);
        }
        return skipBytes == 0;
    }

    /** The payload, which the caller owns from here; null if none was begun. */
    @Nullable ByteBuf takePayload() {
        ByteBuf whole = payload;
        payload = null;
        return whole;
    }

    /** The payload that the next bytes belong to, if a large part of it is missing. */
    @Nullable ByteBuf filling() {
        ByteBuf filling = payload;
        return filling != null && inputs.isEmpty() && filling.writableBytes() >= MIN_DIRECT_BYTES
                ? filling
                : null;
    }

    /** How much to read of what is no large payload. */
    int readBytes() {
        return readBytes;
    }

    /** Drops everything. */
    void close() {
        for (ByteBuf in : inputs) {
            in.release();
        }
        inputs.clear();
        ByteBuf partial = takePayload();
        if (partial != null) {
            partial.release();
        }
        skipBytes = 0;
    }
}
