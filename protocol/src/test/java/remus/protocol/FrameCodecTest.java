package remus.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import remus.protocol.wire.Ack;
import remus.protocol.wire.Pages;

class FrameCodecTest {
    private final CountingAllocator allocator = new CountingAllocator();
    private final FrameDecoder decoder = new FrameDecoder();
    private final EmbeddedChannel channel = channel(decoder);

    private EmbeddedChannel channel(FrameDecoder frameDecoder) {
        EmbeddedChannel made = new EmbeddedChannel(frameDecoder);
        made.config().setAllocator(allocator);
        return made;
    }

    @AfterEach
    void leaksNothing() {
        channel.finishAndReleaseAll();
        assertThat(allocator.leaked()).isZero();
    }

    private static List<String> texts() {
        List<String> texts = new ArrayList<>();
        for (Frame frame : Frames.ofEveryType().values()) {
            texts.add(Frames.text(frame));
            frame.release();
        }
        return texts;
    }

    @Test
    void decodesBytesFedOneAtATime() {
        for (byte b : Frames.encodeAll(Frames.ofEveryType().values())) {
            channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {b}));
        }
        assertThat(Frames.drain(channel)).isEqualTo(texts());
    }

    @Test
    void decodesAnySplit() {
        long seed = Long.getLong("rng.seed", System.nanoTime());
        System.out.println("FrameCodecTest -Drng.seed=" + seed);
        Random random = new Random(seed);
        byte[] bytes = Frames.encodeAll(Frames.ofEveryType().values());
        List<String> expected = texts();
        for (int round = 0; round < 200; round++) {
            EmbeddedChannel each = channel(new FrameDecoder());
            for (int at = 0; at < bytes.length; ) {
                int length = Math.min(1 + random.nextInt(600), bytes.length - at);
                each.writeInbound(Unpooled.wrappedBuffer(bytes, at, length));
                at += length;
            }
            assertThat(Frames.drain(each)).isEqualTo(expected);
            each.finishAndReleaseAll();
        }
    }

    @Test
    void readsStraightIntoThePayload() {
        ByteBuf bytes =
                Unpooled.wrappedBuffer(
                        Frames.encode(new FrameEncoder(), Frames.pages(1, Map.entry(0, 3))));
        channel.writeInbound(bytes.readRetainedSlice(60));
        ByteBuf target = null;
        for (ByteBuf next = decoder.fillingFor(1); next != null; next = decoder.fillingFor(1)) {
            target = next;
            next.writeBytes(bytes, Math.min(1000, next.writableBytes()));
            channel.writeInbound(next.retain());
        }
        Frame frame = channel.readInbound();
        assertThat(frame.payload()).isSameAs(target);
        assertThat(frame.payload().capacity()).isEqualTo(8 + 3 * 4096);
        frame.release();
        bytes.release();
    }

    @Test
    void doesNotCopyThePayloadToSendIt() {
        ByteBuffer staging = ByteBuffer.allocateDirect(8 + (1 << 20));
        Frame frame = Frames.fullPages(1, staging);
        ByteBuf head = new FrameEncoder().encodeHead(frame, allocator);
        assertThat(head.readableBytes()).isLessThan(100);
        assertThat(allocator.given).containsExactly(head);
        head.release();
        frame.release();
    }

    @Test
    void sendsNothingThatThePeerWouldRefuse() {
        Frame tooLong =
                new Frame(FrameType.ACK, Ack.getDefaultInstance(), Unpooled.buffer().writeZero(9));
        assertThatThrownBy(() -> new FrameEncoder().encodeHead(tooLong, allocator))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("payload length: 9 (expected: <= 0)");
        tooLong.release();
    }

    @ParameterizedTest
    @EnumSource
    void speaksVersion1AsItWasFrozen(FrameType type) throws IOException {
        Map<String, String> golden = golden();
        Frame frame = Frames.ofEveryType().get(type);
        String expected = Frames.text(frame);
        byte[] bytes = Frames.encode(new FrameEncoder(), frame);
        assertThat(ByteBufUtil.hexDump(bytes)).isEqualTo(golden.get(type.name()));
        channel.writeInbound(
                Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(golden.get(type.name()))));
        assertThat(Frames.drain(channel)).containsExactly(expected);
    }

    /** Set -Dgolden.write=FILE to write the vectors of a new version. */
    private static Map<String, String> golden() throws IOException {
        String writeTo = System.getProperty("golden.write");
        if (writeTo != null) {
            StringBuilder lines = new StringBuilder();
            Frames.ofEveryType()
                    .forEach(
                            (type, frame) ->
                                    lines.append(type)
                                            .append(' ')
                                            .append(
                                                    ByteBufUtil.hexDump(
                                                            Frames.encode(
                                                                    new FrameEncoder(), frame)))
                                            .append('\n'));
            Files.writeString(Path.of(writeTo), lines);
        }
        Map<String, String> vectors = new TreeMap<>();
        try (var in = FrameCodecTest.class.getResourceAsStream("golden-v1.txt")) {
            for (String line :
                    new String(in.readAllBytes(), StandardCharsets.US_ASCII).lines().toList()) {
                int space = line.indexOf(' ');
                vectors.put(line.substring(0, space), line.substring(space + 1));
            }
        }
        return vectors;
    }

    @Test
    void acceptsNoFrameWithAnAlteredByte() {
        for (FrameType type : FrameType.values()) {
            byte[] bytes = Frames.encode(new FrameEncoder(), Frames.ofEveryType().get(type));
            int[] masks = bytes.length > 1000 ? new int[] {0x10} : new int[] {1, 0x80, 0xFF};
            for (int i = 0; i < bytes.length; i++) {
                for (int mask : masks) {
                    byte[] altered = bytes.clone();
                    altered[i] ^= (byte) mask;
                    assertThat(decodeQuietly(altered)).as("byte %d of %s", i, type).isEmpty();
                }
            }
        }
        assertThat(allocator.largestBytes()).isLessThanOrEqualTo(Frame.MAX_PAYLOAD_BYTES);
    }

    @Test
    void acceptsNoTruncatedFrame() {
        for (FrameType type : FrameType.values()) {
            byte[] bytes = Frames.encode(new FrameEncoder(), Frames.ofEveryType().get(type));
            for (int length = 0; length < bytes.length; length += bytes.length > 1000 ? 7 : 1) {
                assertThat(decodeQuietly(java.util.Arrays.copyOf(bytes, length))).isEmpty();
            }
        }
    }

    @Test
    void survivesNoise() {
        long seed = Long.getLong("rng.seed", System.nanoTime());
        System.out.println("FrameCodecTest noise -Drng.seed=" + seed);
        Random random = new Random(seed);
        byte[] valid = Frames.encodeAll(Frames.ofEveryType().values());
        for (int round = 0; round < 3000; round++) {
            byte[] noise = java.util.Arrays.copyOf(valid, 1 + random.nextInt(2000));
            int from = random.nextInt(noise.length);
            for (int i = from; i < Math.min(noise.length, from + 1 + random.nextInt(30)); i++) {
                noise[i] = (byte) random.nextInt();
            }
            decodeQuietly(noise);
        }
        assertThat(allocator.leaked()).isZero();
        assertThat(allocator.largestBytes()).isLessThanOrEqualTo(Frame.MAX_PAYLOAD_BYTES);
    }

    private List<String> decodeQuietly(byte[] bytes) {
        EmbeddedChannel each = channel(new FrameDecoder());
        List<String> decoded = new ArrayList<>();
        try {
            each.writeInbound(Unpooled.wrappedBuffer(bytes));
        } catch (ProtocolException e) {
            assertThat(e).hasMessageContaining("expected: ");
        }
        decoded.addAll(Frames.drain(each));
        each.finishAndReleaseAll();
        assertThat(allocator.leaked()).isZero();
        return decoded;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0  | 4745     | magic: 0x4745 (expected: 0x524d)",
                "2  | 00       | version: 0 (expected: 1 to 1)",
                "2  | 02       | version: 2 (expected: 1 to 1)",
                "3  | 00       | frame type: 0 (expected: 1 to 15)",
                "3  | 10       | frame type: 16 (expected: 1 to 15)",
                "3  | ff       | frame type: 255 (expected: 1 to 15)",
                "4  | ffffffff | sequence: 4294967295 (expected: 0)",
                "4  | 00000001 | sequence: 1 (expected: 0)",
                "8  | 00010001 | header length: 65537 (expected: <= 65536)",
                "8  | ffffffff | header length: 4294967295 (expected: <= 65536)",
                "12 | 00000001 | payload length: 1 (expected: <= 0)",
                "12 | 80000000 | payload length: 2147483648 (expected: <= 0)",
            })
    void refusesThePrefixBeforeItAllocates(int offset, String hex, String message) {
        byte[] bytes = Frames.encode(new FrameEncoder(), Frames.ofEveryType().get(FrameType.ACK));
        byte[] field = ByteBufUtil.decodeHexDump(hex);
        System.arraycopy(field, 0, bytes, offset, field.length);
        allocator.given.clear();
        assertThatThrownBy(() -> channel.writeInbound(Unpooled.wrappedBuffer(bytes)))
                .isInstanceOf(ProtocolException.class)
                .hasMessage(message);
        assertThat(allocator.given).isEmpty();
    }

    @Test
    void refusesAPayloadOverTheLimit() {
        byte[] bytes = Frames.encode(new FrameEncoder(), Frames.pages(1, Map.entry(0, 1)));
        ByteBuffer.wrap(bytes).putInt(12, Frame.MAX_PAYLOAD_BYTES + 1);
        assertThatThrownBy(() -> channel.writeInbound(Unpooled.wrappedBuffer(bytes)))
                .hasMessage("payload length: 1050625 (expected: <= 1050624)");
    }

    @Test
    void refusesAWrongChecksum() {
        byte[] bytes =
                Frames.encode(new FrameEncoder(), Frames.hello(remus.protocol.wire.Channel.DATA));
        bytes[bytes.length - 1] ^= 1;
        assertThatThrownBy(() -> channel.writeInbound(Unpooled.wrappedBuffer(bytes)))
                .hasMessageMatching("checksum: 0x[0-9a-f]{8} \\(expected: 0x[0-9a-f]{8}\\)");
    }

    @Test
    void refusesAHeaderThatIsNoMessage() {
        byte[] bytes =
                Frames.encode(new FrameEncoder(), Frames.hello(remus.protocol.wire.Channel.DATA));
        bytes[20] = (byte) 0xFF;
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, 16);
        crc.update(bytes, 20, bytes.length - 20);
        ByteBuffer.wrap(bytes).putInt(16, (int) crc.getValue());
        assertThatThrownBy(() -> channel.writeInbound(Unpooled.wrappedBuffer(bytes)))
                .isInstanceOf(ProtocolException.class)
                .hasMessageStartingWith("header: ");
    }

    @Test
    void refusesAReplayedFrame() {
        FrameEncoder encoder = new FrameEncoder();
        byte[] first = Frames.encode(encoder, Frames.ofEveryType().get(FrameType.ACK));
        channel.writeInbound(Unpooled.wrappedBuffer(first));
        assertThat(Frames.drain(channel)).hasSize(1);
        assertThatThrownBy(() -> channel.writeInbound(Unpooled.wrappedBuffer(first)))
                .hasMessage("sequence: 0 (expected: 1)");
    }

    @Test
    void refusesAFrameOutOfOrder() {
        FrameEncoder encoder = new FrameEncoder();
        Frames.encode(encoder, Frames.ofEveryType().get(FrameType.ACK));
        byte[] second = Frames.encode(encoder, Frames.ofEveryType().get(FrameType.ACK));
        assertThatThrownBy(() -> channel.writeInbound(Unpooled.wrappedBuffer(second)))
                .hasMessage("sequence: 1 (expected: 0)");
    }

    @Test
    void dropsEverythingAfterAnError() {
        assertThatThrownBy(() -> channel.writeInbound(Unpooled.wrappedBuffer(new byte[20])))
                .isInstanceOf(ProtocolException.class);
        byte[] valid = Frames.encode(new FrameEncoder(), Frames.ofEveryType().get(FrameType.ACK));
        channel.writeInbound(Unpooled.wrappedBuffer(valid));
        assertThat(Frames.drain(channel)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "257|''|run count: 257 (expected: <= 256)",
                "-1|''|run count: 4294967295 (expected: <= 256)",
                "1|00000000|payload length: 4 (expected: >= 8 for the table of 1 runs)",
                "1|0000000000000000|pages of run 0: 0 (expected: >= 1)",
                "1|0000000080000000|pages of run 0: 0 (expected: >= 1)",
                "1|ffffffff80000002|end of run 0: 4294967297 (expected: <= 4294967296)",
                "1|0000000000000001|payload length: 8 (expected: 4104 for 1 runs with 1 pages)",
                "1|0000000080000001ff|payload length: 9 (expected: 8 for 1 runs with 0 pages)",
                "0|ff|payload length: 1 (expected: 0 for 0 runs with 0 pages)",
            })
    void refusesARunTableThatDoesNotFitThePayload(int runs, String hex, String message) {
        ByteBuf payload = Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex));
        Pages header = Pages.newBuilder().setRunCount(runs).build();
        assertThatThrownBy(() -> PagesPayload.validate(header, payload))
                .isInstanceOf(ProtocolException.class)
                .hasMessage(message);
    }

    @Test
    void readsRuns() {
        Frame frame = Frames.pages(1, Map.entry(-1, 1), Map.entry(7, 3 | 1 << 31));
        Pages header = frame.header(Pages.class);
        PagesPayload.validate(header, frame.payload());
        assertThat(PagesPayload.firstPage(frame.payload(), 0)).isEqualTo(0xFFFFFFFFL);
        assertThat(PagesPayload.pages(frame.payload(), 1)).isEqualTo(3);
        assertThat(PagesPayload.isZero(frame.payload(), 0)).isFalse();
        assertThat(PagesPayload.isZero(frame.payload(), 1)).isTrue();
        assertThat(PagesPayload.pagesOffset(header)).isEqualTo(16);
        frame.release();
    }
}
