package remus.diskbuf.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/**
 * Writes replies. Those without data are gathered, and leave together with one flush.
 *
 * <pre>
 *   simple: magic u32 | error u32 | cookie u64 | data of a read
 *   chunk:  magic u32 | flags u16 | type u16 | cookie u64 | length u32 | what the type says
 * </pre>
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures end the channel
final class NbdReplies {
    /** Room in front of the data of a read: the header of a chunk and its offset. */
    static final int READ_ROOM = Nbd.CHUNK_HEADER_BYTES + 8;

    /** Room in front of extents: the header of a chunk and its context. */
    static final int STATUS_ROOM = Nbd.CHUNK_HEADER_BYTES + 4;

    private static final int GATHERED_BYTES = 4096;

    /** Of a reply without data, at most. */
    private static final int MAX_SMALL_BYTES = Nbd.CHUNK_HEADER_BYTES + 6;

    private final Channel channel;
    private final boolean structured;
    private @Nullable ByteBuf gathered;

    NbdReplies(Channel channel, boolean structured) {
        this.channel = channel;
        this.structured = structured;
    }

    /** Answers {@code request} with its outcome, and takes its data. */
    void write(NbdRequest request) {
        NbdError error = request.error;
        boolean chunked =
                structured
                        && (request.command == NbdCommand.READ
                                || request.command == NbdCommand.BLOCK_STATUS);
        ByteBuf data = request.reply;
        if (error != null) {
            if (chunked) {
                chunk(small(), Nbd.CHUNK_ERROR, request.cookie, 6)
                        .writeInt(error.code())
                        .writeShort(0);
            } else {
                simple(small(), request.cookie, error.code());
            }
        } else if (data == null) {
            if (chunked) {
                chunk(small(), Nbd.CHUNK_NONE, request.cookie, 0);
            } else {
                simple(small(), request.cookie, 0);
            }
        } else {
            request.reply = null;
            writeData(request, data, chunked);
        }
    }

    private void writeData(NbdRequest request, ByteBuf data, boolean chunked) {
        int end = data.writerIndex();
        if (!chunked) {
            int start = READ_ROOM - Nbd.SIMPLE_REPLY_BYTES;
            simple(data.setIndex(start, start), request.cookie, 0);
        } else {
            int length = end - Nbd.CHUNK_HEADER_BYTES;
            data.clear();
            if (request.command == NbdCommand.READ) {
                chunk(data, Nbd.CHUNK_OFFSET_DATA, request.cookie, length)
                        .writeLong(request.offset);
            } else {
                chunk(data, Nbd.CHUNK_BLOCK_STATUS, request.cookie, length)
                        .writeInt(Nbd.BASE_ALLOCATION_ID);
            }
        }
        channel.write(data.writerIndex(end), channel.voidPromise());
    }

    private ByteBuf small() {
        ByteBuf out = gathered;
        if (out != null && out.writableBytes() < MAX_SMALL_BYTES) {
            channel.write(out, channel.voidPromise());
            out = null;
        }
        if (out == null) {
            out = channel.alloc().directBuffer(GATHERED_BYTES, GATHERED_BYTES);
            gathered = out;
        }
        return out;
    }

    private static void simple(ByteBuf out, long cookie, int error) {
        out.writeInt(Nbd.SIMPLE_REPLY_MAGIC).writeInt(error).writeLong(cookie);
    }

    private static ByteBuf chunk(ByteBuf out, int type, long cookie, int length) {
        return out.writeInt(Nbd.STRUCTURED_REPLY_MAGIC)
                .writeShort(Nbd.CHUNK_DONE)
                .writeShort(type)
                .writeLong(cookie)
                .writeInt(length);
    }

    /** Everything that was written leaves. */
    void flush() {
        ByteBuf out = gathered;
        gathered = null;
        if (out != null) {
            channel.write(out, channel.voidPromise());
        }
        channel.flush();
    }

    /** Drops what has not left. */
    void close() {
        ByteBuf out = gathered;
        gathered = null;
        if (out != null) {
            out.release();
        }
    }
}
