package remus.diskbuf.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Speaks NBD to the handlers of one connection, without a socket; knows what they leak. */
final class Client implements AutoCloseable {
    static final String NAME = "disk";

    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    private final ByteBuf received = Unpooled.buffer();
    final NbdRequestDecoder decoder = new NbdRequestDecoder();
    final EmbeddedChannel channel;

    private Client(EmbeddedChannel channel) {
        this.channel = channel;
        channel.config().setAllocator(allocator);
    }

    /** A client that has received nothing yet. */
    static Client greeted(Export... exports) {
        EmbeddedChannel channel = new EmbeddedChannel(false, false);
        Client client = new Client(channel);
        channel.pipeline().addLast(new NbdHandshake(List.of(exports), client.decoder));
        register(channel);
        return client;
    }

    private static void register(EmbeddedChannel channel) {
        try {
            channel.register();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** A client that has echoed the flags. */
    static Client haggling(Export... exports) {
        Client client = greeted(exports);
        assertThat(client.take(18).getShort(16)).isEqualTo((short) 3);
        client.send(Unpooled.buffer().writeInt(3));
        return client;
    }

    /** A client that has chosen the default export. */
    static Client connected(Export export, boolean structured) {
        Client client = haggling(export);
        if (structured) {
            client.option(Nbd.OPT_STRUCTURED_REPLY, Unpooled.EMPTY_BUFFER);
            client.option(Nbd.OPT_SET_META_CONTEXT, query("", Nbd.BASE_ALLOCATION));
        }
        client.option(Nbd.OPT_GO, go(""));
        assertThat(client.optionReplies()).last().isEqualTo("7 ACK");
        return client;
    }

    static ByteBuf string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Unpooled.buffer().writeInt(bytes.length).writeBytes(bytes);
    }

    static ByteBuf go(String name, int... infos) {
        ByteBuf body = string(name).writeShort(infos.length);
        for (int info : infos) {
            body.writeShort(info);
        }
        return body;
    }

    static ByteBuf query(String name, String... queries) {
        ByteBuf body = string(name).writeInt(queries.length);
        for (String each : queries) {
            body.writeBytes(string(each));
        }
        return body;
    }

    void option(int option, ByteBuf body) {
        send(
                Unpooled.buffer()
                        .writeLong(Nbd.OPTION_MAGIC)
                        .writeInt(option)
                        .writeInt(body.readableBytes())
                        .writeBytes(body));
    }

    static ByteBuf request(int command, int flags, long cookie, long offset, long length) {
        return Unpooled.buffer()
                .writeInt(Nbd.REQUEST_MAGIC)
                .writeShort(flags)
                .writeShort(command)
                .writeLong(cookie)
                .writeLong(offset)
                .writeInt((int) length);
    }

    static ByteBuf write(long cookie, long offset, byte[] payload) {
        return request(1, 0, cookie, offset, payload.length).writeBytes(payload);
    }

    void send(ByteBuf bytes) {
        ByteBuf copy = allocator.directBuffer(Math.max(1, bytes.readableBytes()));
        copy.writeBytes(bytes);
        channel.writeInbound(copy);
        channel.runPendingTasks();
    }

    private void gather() {
        channel.runPendingTasks();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            received.writeBytes(out);
            out.release();
        }
    }

    ByteBuf take(int bytes) {
        gather();
        return received.readSlice(bytes);
    }

    int receivedBytes() {
        gather();
        return received.readableBytes();
    }

    /** Replies to options, each as its number, its type and what it says. */
    List<String> optionReplies() {
        gather();
        List<String> replies = new ArrayList<>();
        while (received.readableBytes() >= 20) {
            assertThat(received.readLong()).isEqualTo(Nbd.OPTION_REPLY_MAGIC);
            int option = received.readInt();
            int type = received.readInt();
            ByteBuf body = received.readSlice(received.readInt());
            replies.add(option + " " + text(type, body));
        }
        return replies;
    }

    private static String text(int type, ByteBuf body) {
        return switch (type) {
            case Nbd.REP_ACK -> "ACK";
            case Nbd.REP_SERVER -> "SERVER " + body.skipBytes(4).toString(StandardCharsets.UTF_8);
            case Nbd.REP_META_CONTEXT ->
                    "CONTEXT " + body.readInt() + " " + body.toString(StandardCharsets.UTF_8);
            case Nbd.REP_INFO -> info(body);
            case Nbd.REP_ERR_UNSUP -> "UNSUP";
            case Nbd.REP_ERR_POLICY -> "POLICY";
            case Nbd.REP_ERR_INVALID -> "INVALID";
            case Nbd.REP_ERR_UNKNOWN -> "UNKNOWN";
            case Nbd.REP_ERR_TOO_BIG -> "TOO_BIG";
            default -> "type " + type;
        };
    }

    private static String info(ByteBuf body) {
        int type = body.readUnsignedShort();
        return switch (type) {
            case Nbd.INFO_EXPORT ->
                    "EXPORT " + body.readLong() + String.format(" 0x%x", body.readShort());
            case Nbd.INFO_NAME -> "NAME " + body.toString(StandardCharsets.UTF_8);
            case Nbd.INFO_BLOCK_SIZE ->
                    "BLOCKS " + body.readInt() + " " + body.readInt() + " " + body.readInt();
            default -> "info " + type;
        };
    }

    /** Replies to requests, each as cookie, outcome and data. */
    List<String> replies() {
        gather();
        List<String> replies = new ArrayList<>();
        while (received.readableBytes() >= 16) {
            int magic = received.readInt();
            if (magic == Nbd.SIMPLE_REPLY_MAGIC) {
                int error = received.readInt();
                replies.add(received.readLong() + (error == 0 ? " ok" : " error " + error));
            } else {
                assertThat(magic).isEqualTo(Nbd.STRUCTURED_REPLY_MAGIC);
                assertThat(received.readShort()).isEqualTo((short) Nbd.CHUNK_DONE);
                int type = received.readUnsignedShort();
                long cookie = received.readLong();
                ByteBuf body = received.readSlice(received.readInt());
                replies.add(cookie + " " + chunk(type, body));
            }
        }
        return replies;
    }

    private static String chunk(int type, ByteBuf body) {
        return switch (type) {
            case Nbd.CHUNK_NONE -> "none";
            case Nbd.CHUNK_OFFSET_DATA ->
                    "data @" + body.readLong() + " " + body.toString(StandardCharsets.UTF_8);
            case Nbd.CHUNK_ERROR -> "chunk error " + body.readInt();
            case Nbd.CHUNK_BLOCK_STATUS -> "status " + extents(body);
            default -> "chunk " + type;
        };
    }

    private static String extents(ByteBuf body) {
        StringBuilder text = new StringBuilder().append(body.readInt());
        while (body.isReadable()) {
            text.append(' ').append(body.readUnsignedInt()).append(':').append(body.readInt());
        }
        return text.toString();
    }

    boolean isOpen() {
        channel.runPendingTasks();
        return channel.isOpen();
    }

    /** Ends the connection; everything that was allocated for it must be free again. */
    @Override
    public void close() {
        channel.finishAndReleaseAll();
        assertThat(allocator.metric().usedDirectMemory()).as("leaked direct bytes").isZero();
        assertThat(allocator.metric().usedHeapMemory()).as("leaked heap bytes").isZero();
    }
}
