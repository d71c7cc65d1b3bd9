package remus.protocol;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Turns frames into bytes. All numbers are big-endian.
 *
 * <pre>
 *       0       1       2       3
 *   +-------+-------+-------+-------+
 *  0|  'R'     'M'  |version| type  |   version: {@link Versions}; type: {@link FrameType#code}
 *   +-------+-------+-------+-------+
 *  4|           sequence            |   of this connection and direction: 0, 1, 2, ... mod 2^32
 *   +-------+-------+-------+-------+
 *  8|         header length         |   &lt;= {@link FrameType#maxHeaderBytes}
 *   +-------+-------+-------+-------+
 * 12|        payload length         |   &lt;= {@link FrameType#maxPayloadBytes}
 *   +-------+-------+-------+-------+
 * 16|            crc32c             |   of bytes 0 to 15, header and payload (RFC 3720, B.4)
 *   +-------+-------+-------+-------+
 * 20|  header: protobuf message ... |
 *   +-------------------------------+
 *   |  payload: raw bytes ...       |
 *   +-------------------------------+
 * </pre>
 *
 * <p>The sequence lets the other side refuse a frame that was replayed, dropped or reordered. The
 * payload is read for the checksum only and never copied: it may be staging memory.
 *
 * <p>One per connection, used by the connection's I/O thread alone.
 */
final class FrameEncoder {
    static final int MAGIC = 0x524D;
    static final int PREFIX_BYTES = 20;
    static final int CRC_OFFSET = 16;

    private final CRC32C crc = new CRC32C();
    private int version = Versions.OURS.newest();
    private int sequence;

    /** Bytes that {@code frame} takes on the wire. */
    static long wireBytes(Frame frame) {
        return PREFIX_BYTES
                + (long) frame.header().getSerializedSize()
                + frame.payload().readableBytes();
    }

    /** The bytes that go before the frame's payload; the payload stays as it is. */
    ByteBuf encodeHead(Frame frame, ByteBufAllocator allocator) {
        FrameType type = frame.type();
        int headerBytes = frame.header().getSerializedSize();
        int payloadBytes = frame.payload().readableBytes();
        checkLength("header length", headerBytes, type.maxHeaderBytes());
        checkLength("payload length", payloadBytes, type.maxPayloadBytes());
        ByteBuf head = allocator.directBuffer(PREFIX_BYTES + headerBytes);
        head.writeShort(MAGIC)
                .writeByte(version)
                .writeByte(type.code())
                .writeInt(sequence++)
                .writeInt(headerBytes)
                .writeInt(payloadBytes)
                .writeInt(0);
        writeHeader(head, frame.header(), headerBytes);
        crc.reset();
        crc.update(head.nioBuffer(0, CRC_OFFSET));
        crc.update(head.nioBuffer(PREFIX_BYTES, headerBytes));
        if (payloadBytes > 0) {
            for (ByteBuffer part : frame.payload().nioBuffers()) {
                crc.update(part);
            }
        }
        head.setInt(CRC_OFFSET, (int) crc.getValue());
        return head;
    }

    private static void writeHeader(ByteBuf head, MessageLite header, int headerBytes) {
        CodedOutputStream out =
                CodedOutputStream.newInstance(head.nioBuffer(PREFIX_BYTES, headerBytes));
        try {
            header.writeTo(out);
            out.flush();
        } catch (IOException e) {
            head.release();
            throw new UncheckedIOException("header did not fit its own size", e);
        }
        head.writerIndex(PREFIX_BYTES + headerBytes);
    }

    static void checkLength(String what, long bytes, int maxBytes) {
        if (bytes > maxBytes) {
            throw new ProtocolException(what + ": " + bytes + " (expected: <= " + maxBytes + ")");
        }
    }
}
