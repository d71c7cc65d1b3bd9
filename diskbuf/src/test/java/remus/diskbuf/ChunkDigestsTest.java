package remus.diskbuf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class ChunkDigestsTest {
    private static final int CHUNK = 64 << 10;
    private static final int LAST = 4099;

    private final ChunkDigests ofZeroes = ChunkDigests.ofZeroes(CHUNK + LAST);

    @Test
    void zeroesAreTheSameAsZeroes() {
        assertThat(ofZeroes.isSame(0, ByteBuffer.allocateDirect(CHUNK))).isTrue();
        assertThat(ofZeroes.isSame(1, ByteBuffer.allocateDirect(LAST))).isTrue();
    }

    @Test
    void looksAtEachByteBeforeItCallsThemZeroes() {
        for (int at : new int[] {0, 7, 8, LAST - 4, LAST - 1}) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(LAST).put(at, (byte) 1);
            assertThat(ofZeroes.isSame(1, bytes)).as("byte %s", at).isFalse();
        }
    }

    @Test
    void looksAtNothingButTheBytesGiven() {
        ByteBuffer bytes = ByteBuffer.allocate(CHUNK + 2).put(0, (byte) 1);
        bytes.put(CHUNK + 1, (byte) 1).position(1).limit(CHUNK + 1);
        assertThat(ofZeroes.isSame(0, bytes)).isTrue();
    }

    @Test
    void fewerZeroesThanTheChunkHasAreNotTheSame() {
        assertThat(ofZeroes.isSame(0, ByteBuffer.allocate(LAST))).isFalse();
    }
}
