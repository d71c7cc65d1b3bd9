package remus.netbuf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PacketRingTest {
    private static final int CAPACITY_BYTES = 1000;

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final PacketRing ring = new PacketRing(CAPACITY_BYTES);

    @Test
    void whatComesOutIsWhatWentInUpToTheReleasedMarkAcrossManyTurns() throws IOException {
        long seed = Long.getLong("rng.seed", System.nanoTime());
        System.out.println("PacketRingTest: -Drng.seed=" + seed);
        Random random = new Random(seed);
        ByteArrayOutputStream appended = new ByteArrayOutputStream();
        int[] markedBytes = new int[20_001];
        int released = 0;
        for (int epoch = 1; epoch <= 20_000; epoch++) {
            byte[] packet = new byte[1 + random.nextInt(300)];
            random.nextBytes(packet);
            boolean fits = appended.size() - written.size() + packet.length <= CAPACITY_BYTES;
            assertThat(ring.append(ByteBuffer.wrap(packet), 0, packet.length)).isEqualTo(fits);
            if (fits) {
                appended.write(packet);
            }
            ring.mark(epoch);
            markedBytes[epoch] = appended.size();
            if (random.nextInt(3) == 0) {
                released = Math.max(released, epoch - random.nextInt(3));
                ring.release(released);
                drain(random);
                assertThat(written.size()).isEqualTo(markedBytes[released]);
                assertThat(ring.heldBytes()).isEqualTo(appended.size() - markedBytes[released]);
            }
        }
        ring.releaseAll();
        drain(random);
        assertThat(written.toByteArray()).isEqualTo(appended.toByteArray());
        assertThat(ring.occupiedBytes()).isZero();
        assertThat(ring.heldPackets()).isZero();
    }

    @Test
    void packetThatIsReleasedAndNotWrittenStillTakesItsRoom() {
        assertThat(ring.append(ByteBuffer.allocate(600), 0, 600)).isTrue();
        ring.mark(1);
        ring.release(1);
        assertThat(ring.append(ByteBuffer.allocate(600), 0, 600)).isFalse();
        assertThat(ring.heldBytes()).isZero();
        assertThat(ring.occupiedBytes()).isEqualTo(600);
    }

    private void drain(Random random) throws IOException {
        WritableByteChannel channel = new Trickle(random);
        while (ring.writeReleased(channel)) {
            assertThat(ring.occupiedBytes()).isNotNegative();
        }
    }

    /** Takes a part of what it is given, as a socket may. */
    private final class Trickle implements WritableByteChannel {
        private final Random random;

        Trickle(Random random) {
            this.random = random;
        }

        @Override
        public int write(ByteBuffer source) {
            byte[] part = new byte[1 + random.nextInt(source.remaining())];
            source.get(part);
            written.writeBytes(part);
            return part.length;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException();
        }
    }
}
