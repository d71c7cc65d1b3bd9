package remus.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Random;
import org.junit.jupiter.api.Test;
import remus.protocol.wire.Digests;
import remus.protocol.wire.DiskWrites;

class DiskPayloadTest {
    private static void validate(ByteBuf payload, int extents) {
        DiskPayload.validate(DiskWrites.newBuilder().setExtentCount(extents).build(), payload);
    }

    private static ByteBuf extent(long offset, int length, int kind) {
        return Unpooled.buffer().writeLong(offset).writeInt(length).writeInt(kind);
    }

    @Test
    void readsExtentsOfAllKinds() {
        ByteBuf payload =
                extent(512, 3, DiskPayload.DATA)
                        .writeLong(1 << 20)
                        .writeInt(-1)
                        .writeInt(DiskPayload.ZERO)
                        .writeBytes(new byte[] {1, 2, 3});
        validate(payload, 2);
        assertThat(DiskPayload.offset(payload, 0)).isEqualTo(512);
        assertThat(DiskPayload.end(payload, 0)).isEqualTo(515);
        assertThat(DiskPayload.length(payload, 1)).isEqualTo((1L << 32) - 1);
        assertThat(DiskPayload.kind(payload, 1)).isEqualTo(DiskPayload.ZERO);
    }

    @Test
    void refusesTablesThatDoNotFitTheirBytes() {
        refused(extent(0, 8, DiskPayload.DATA), 1, "payload length: 16 (expected: 24)");
        refused(extent(0, 8, DiskPayload.TRIM).writeByte(1), 1, "payload length: 17");
        refused(extent(0, 8, DiskPayload.TRIM), 2, "expected: at least 32");
        refused(extent(0, 8, DiskPayload.TRIM), 0, "extent count: 0 (expected: 1 to 128)");
        refused(extent(0, 8, DiskPayload.TRIM), -1, "extent count: 4294967295");
        refused(extent(0, 0, DiskPayload.ZERO), 1, "extent 0: 0 bytes");
        refused(extent(0, 8, 3), 1, "kind of extent 0: 3");
        refused(extent(-1, 8, DiskPayload.ZERO), 1, "8 bytes from 18446744073709551615");
        refused(extent(Long.MAX_VALUE, 1, DiskPayload.ZERO), 1, "below 2^63");
    }

    @Test
    void refusesDigestsThatAreNotThere() {
        Digests header = Digests.newBuilder().setDigestCount(2).build();
        assertThatThrownBy(() -> DiskPayload.validate(header, Unpooled.buffer().writeZero(31)))
                .hasMessage("payload length: 31 (expected: 32)");
        assertThatCode(() -> DiskPayload.validate(header, Unpooled.buffer().writeZero(32)))
                .doesNotThrowAnyException();
    }

    @Test
    void garbageIsRefusedOrLiesWithinThePayload() {
        long seed = Long.getLong("rng.seed", System.nanoTime());
        System.out.println("seed " + seed + " (repeat with -Drng.seed=" + seed + ")");
        Random random = new Random(seed);
        int accepted = 0;
        for (int round = 0; round < 20_000; round++) {
            int extents = 1 + random.nextInt(4);
            ByteBuf payload = Unpooled.buffer();
            int data = 0;
            for (int i = 0; i < extents; i++) {
                int length = random.nextInt(40);
                int kind = random.nextInt(3);
                data += kind == DiskPayload.DATA ? length : 0;
                payload.writeLong(random.nextLong() >>> random.nextInt(64))
                        .writeInt(length)
                        .writeInt(kind);
            }
            payload.writeZero(data);
            if (random.nextInt(3) == 0) {
                payload.setByte(random.nextInt(payload.readableBytes()), random.nextInt());
            }
            try {
                validate(payload, extents);
            } catch (ProtocolException refused) {
                continue;
            }
            accepted++;
            long bytes = (long) extents * DiskPayload.EXTENT_BYTES;
            for (int i = 0; i < extents; i++) {
                assertThat(DiskPayload.offset(payload, i)).isNotNegative();
                bytes += DiskPayload.kind(payload, i) == 0 ? DiskPayload.length(payload, i) : 0;
            }
            assertThat(bytes).isEqualTo(payload.readableBytes());
        }
        assertThat(accepted).isGreaterThan(1000);
    }

    private static void refused(ByteBuf payload, int extents, String why) {
        assertThatThrownBy(() -> validate(payload, extents))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining(why);
    }
}
