package remus.diskbuf.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever a client sends: replies, or a clean end of its connection, and nothing leaked. In the
 * build the seeds run, and a random loop; with {@code JAZZER_FUZZ=1} Jazzer looks for more.
 */
final class NbdFuzzTest {
    private static final int SIZE = 1 << 20;

    /** Options, each followed by a word of the protocol or two. */
    static Stream<Arguments> handshakes() {
        ByteBuf flags = Unpooled.buffer().writeInt(3);
        return Stream.of(
                        Unpooled.buffer().writeInt(0),
                        join(flags, option(Nbd.OPT_LIST, Unpooled.EMPTY_BUFFER)),
                        join(
                                flags,
                                option(Nbd.OPT_STRUCTURED_REPLY, Unpooled.EMPTY_BUFFER),
                                option(
                                        Nbd.OPT_SET_META_CONTEXT,
                                        Client.query("", Nbd.BASE_ALLOCATION)),
                                option(Nbd.OPT_LIST_META_CONTEXT, Client.query("", "base:")),
                                option(Nbd.OPT_INFO, Client.go("m", Nbd.INFO_NAME)),
                                option(Nbd.OPT_GO, Client.go("", Nbd.INFO_BLOCK_SIZE)),
                                Client.request(3, 0, 1, 0, 0)),
                        join(
                                flags,
                                option(Nbd.OPT_STARTTLS, Unpooled.EMPTY_BUFFER),
                                option(99, Unpooled.buffer().writeZero(99)),
                                option(Nbd.OPT_ABORT, Unpooled.EMPTY_BUFFER)),
                        join(
                                flags,
                                option(Nbd.OPT_EXPORT_NAME, Unpooled.EMPTY_BUFFER),
                                Client.request(0, 0, 1, 0, 512)))
                .map(bytes -> Arguments.of((Object) ByteBufUtil.getBytes(bytes)));
    }

    /** Requests of every kind. */
    static Stream<Arguments> conversations() {
        return Stream.of(
                        join(
                                Client.write(1, 4096, new byte[600]),
                                Client.request(0, Nbd.DF, 2, 4000, 700),
                                Client.request(3, 0, 3, 0, 0),
                                Client.request(2, 0, 4, 0, 0)),
                        join(
                                Client.request(6, Nbd.NO_HOLE, 1, 0, SIZE),
                                Client.request(4, Nbd.FUA, 2, 100, 200_000),
                                Client.request(5, 0, 3, 0, 9),
                                Client.request(7, Nbd.REQ_ONE, 4, 0, SIZE)),
                        join(
                                Client.request(1, 0, 1, SIZE - 1, 2).writeShort(7),
                                Client.request(0, 0, 2, -5, 2),
                                Client.request(0, 0, 3, 0, 33 << 20),
                                Client.request(9, 0xffff, 4, 1, 1)),
                        join(Client.request(1, 0, 1, 0, 32 << 20)))
                .map(bytes -> Arguments.of((Object) ByteBufUtil.getBytes(bytes)));
    }

    private static ByteBuf option(int option, ByteBuf body) {
        return Unpooled.buffer()
                .writeLong(Nbd.OPTION_MAGIC)
                .writeInt(option)
                .writeInt(body.readableBytes())
                .writeBytes(body);
    }

    private static ByteBuf join(ByteBuf... parts) {
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf part : parts) {
            all.writeBytes(part, part.readerIndex(), part.readableBytes());
        }
        return all;
    }

    @MethodSource("handshakes")
    @FuzzTest
    void anyHandshakeEndsCleanly(byte[] bytes) {
        try (MemoryExport export = new MemoryExport("m", SIZE);
                Client client = Client.greeted(export)) {
            feed(client, bytes, new Random(bytes.length));
        }
    }

    @MethodSource("conversations")
    @FuzzTest
    void anyRequestsEndCleanly(byte[] bytes) {
        for (boolean structured : new boolean[] {false, true}) {
            try (MemoryExport export = new MemoryExport("m", SIZE);
                    Client client = Client.connected(export, structured)) {
                feed(client, bytes, new Random(bytes.length));
            }
        }
    }

    /** In pieces; nobody fetches the replies, which must not keep more than a limit in memory. */
    private static void feed(Client client, byte[] bytes, Random random) {
        for (int at = 0; at < bytes.length && client.isOpen(); ) {
            int length = Math.min(1 + random.nextInt(2000), bytes.length - at);
            client.send(Unpooled.wrappedBuffer(bytes, at, length));
            at += length;
        }
        client.channel.checkException();
    }

    @Test
    void survivesAlteredConversations() {
        long seed = Long.getLong("rng.seed", System.nanoTime());
        System.out.println("NbdFuzzTest -Drng.seed=" + seed);
        Random random = new Random(seed);
        List<byte[]> handshakes = handshakes().map(each -> (byte[]) each.get()[0]).toList();
        List<byte[]> requests = conversations().map(each -> (byte[]) each.get()[0]).toList();
        int ended = 0;
        for (int round = 0; round < 1500; round++) {
            boolean shake = random.nextBoolean();
            List<byte[]> seeds = shake ? handshakes : requests;
            byte[] bytes = seeds.get(random.nextInt(seeds.size())).clone();
            for (int i = random.nextInt(6); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] =
                        (byte) (random.nextBoolean() ? random.nextInt() : random.nextInt(12));
            }
            try (MemoryExport export = new MemoryExport("m", SIZE);
                    Client client =
                            shake
                                    ? Client.greeted(export)
                                    : Client.connected(export, random.nextBoolean())) {
                feed(client, bytes, random);
                ended += client.isOpen() ? 0 : 1;
            }
        }
        assertThat(ended).as("connections that were closed").isBetween(50, 1450);
    }
}
