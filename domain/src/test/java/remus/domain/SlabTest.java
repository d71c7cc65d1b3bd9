package remus.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SlabTest {
    private static final int REGION_PAGES = 600;

    private final SlabPool pool = new SlabPool(0);
    private final Slab slab = Objects.requireNonNull(pool.poll());

    @Test
    void refusesRunsThatDoNotFit() {
        slab.beginPages(0);
        assertThatThrownBy(() -> slab.addRun(0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> slab.addRun(0, Slab.PAGES + 1))
                .isInstanceOf(IllegalArgumentException.class);
        slab.addRun(0, Slab.PAGES);
        assertThat(slab.room()).isZero();
        assertThatThrownBy(() -> slab.addRun(9, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void everyPageMayBeARunOfItsOwn() {
        slab.beginPages(0);
        for (int i = 0; i < Slab.PAGES; i++) {
            slab.addRun(2 * i, 1);
        }
        assertThat(slab.payload().remaining())
                .isEqualTo(Slab.TABLE_BYTES + Slab.PAGES * Slab.PAGE_BYTES);
    }

    @Test
    void deviceStateIsThePayload() {
        slab.beginDevices();
        slab.deviceRoom().put(new byte[] {1, 2, 3});
        slab.deviceBytes(3);
        ByteBuffer payload = slab.payload();
        assertThat(payload.remaining()).isEqualTo(3);
        assertThat(payload.get(2)).isEqualTo((byte) 3);
    }

    /** Whatever the runs and zeros: with or without eliding, the receiver gets the same memory. */
    @Test
    void elidingZeroPagesChangesNothingForTheReceiver() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            fill(random);
            byte[] plain = unpack(slab.payload(), slab.runs());
            int pagesBefore = slab.pages();
            slab.elideZeroPages();
            assertThat(slab.runs()).isLessThanOrEqualTo(Slab.PAGES);
            assertThat(slab.pages()).isLessThanOrEqualTo(pagesBefore);
            byte[] elided = unpack(slab.payload(), slab.runs());
            assertThat(java.util.Arrays.equals(elided, plain)).as("seed %d", seed).isTrue();
        }
    }

    private void fill(Random random) {
        slab.beginPages(0);
        int page = random.nextInt(3);
        while (slab.room() > 0 && page < REGION_PAGES - 40 && random.nextInt(60) > 0) {
            int count = 1 + random.nextInt(Math.min(slab.room(), 20));
            int at = slab.addRun(page, count);
            for (int i = 0; i < count; i++) {
                byte[] bytes = new byte[Slab.PAGE_BYTES];
                switch (random.nextInt(4)) {
                    case 0 -> random.nextBytes(bytes);
                    case 1 -> bytes[random.nextInt(bytes.length)] = 1;
                    default -> {
                        // a page of zeros
                    }
                }
                slab.memory().put(at + i * Slab.PAGE_BYTES, bytes);
            }
            page += count + random.nextInt(3);
        }
    }

    private static byte[] unpack(ByteBuffer payload, int runs) {
        byte[] memory = new byte[REGION_PAGES * Slab.PAGE_BYTES];
        java.util.Arrays.fill(memory, (byte) 0x55);
        int from = runs * Slab.RUN_BYTES;
        for (int run = 0; run < runs; run++) {
            int at = payload.getInt(run * Slab.RUN_BYTES) * Slab.PAGE_BYTES;
            int count = payload.getInt(run * Slab.RUN_BYTES + 4);
            int bytes = (count & ~Slab.ZERO_RUN) * Slab.PAGE_BYTES;
            if ((count & Slab.ZERO_RUN) != 0) {
                java.util.Arrays.fill(memory, at, at + bytes, (byte) 0);
            } else {
                payload.get(from, memory, at, bytes);
                from += bytes;
            }
        }
        assertThat(from).as("bytes used").isEqualTo(payload.remaining());
        return memory;
    }
}
