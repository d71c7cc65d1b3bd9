package remus.diskbuf.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every writable export holds to. */
abstract class ExportContract {
    /** More than 2 GiB, and no multiple of anything. */
    static final long BYTES = (5L << 30) + 4097;

    Export export;

    abstract Export open() throws Exception;

    /** Holes that it reports begin and end at multiples of this. */
    abstract int granularity();

    @BeforeEach
    void start() throws Exception {
        export = open();
    }

    @AfterEach
    void stop() {
        export.close();
    }

    /** Waits for one request and returns what it said; null for done. */
    static @Nullable NbdError outcome(Consumer<Completion> request) {
        CountDownLatch ended = new CountDownLatch(1);
        NbdError[] error = new NbdError[1];
        request.accept(
                new Completion() {
                    @Override
                    public void done() {
                        ended.countDown();
                    }

                    @Override
                    public void fail(NbdError why) {
                        error[0] = why;
                        ended.countDown();
                    }
                });
        try {
            assertThat(ended.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return error[0];
    }

    byte[] read(long offset, int length) {
        ByteBuf into = Unpooled.directBuffer(length, length);
        assertThat(outcome(done -> export.read(offset, length, into, done))).isNull();
        byte[] bytes = ByteBufUtil.getBytes(into);
        into.release();
        return bytes;
    }

    void write(long offset, byte[] bytes) {
        ByteBuf payload = Unpooled.directBuffer(bytes.length).writeBytes(bytes);
        assertThat(outcome(done -> export.write(offset, payload, offset % 2 == 0, done))).isNull();
        assertThat(payload.refCnt()).isZero();
    }

    void zero(long offset, long length, boolean mayPunch) {
        assertThat(outcome(done -> export.zero(offset, length, mayPunch, false, false, done)))
                .isNull();
    }

    /** Extents as {@code length:flags}. */
    String status(long offset, long length, int most) {
        ByteBuf out = Unpooled.buffer();
        Extents found = new Extents(out, length, most);
        assertThat(outcome(done -> export.status(offset, length, found, done))).isNull();
        StringBuilder text = new StringBuilder();
        while (out.isReadable()) {
            text.append(out.readUnsignedInt()).append(':').append(out.readInt()).append(' ');
        }
        return text.toString().strip();
    }

    static byte[] noise(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    @Test
    void keepsWhatWasWrittenBeyondTwoGibibytes() {
        byte[] bytes = noise(300_000);
        for (long offset : new long[] {0, (1L << 30) - 100_000, (4L << 30) - 1, BYTES - 300_000}) {
            write(offset, bytes);
            assertThat(read(offset, bytes.length)).isEqualTo(bytes);
        }
        assertThat(read(2L << 30, 4096)).containsOnly(0);
    }

    @Test
    void zeroedRangesReadAsZerosAndNothingElseDoes() {
        byte[] bytes = noise(500_000);
        for (boolean mayPunch : new boolean[] {true, false}) {
            write(1000, bytes);
            zero(70_000, 300_000, mayPunch);
            zero(2000, 10, mayPunch);
            byte[] expected = bytes.clone();
            Arrays.fill(expected, 69_000, 369_000, (byte) 0);
            Arrays.fill(expected, 1000, 1010, (byte) 0);
            assertThat(read(1000, bytes.length)).isEqualTo(expected);
        }
    }

    @Test
    void theLastBytesCanBeZeroed() {
        write(BYTES - 100_000, noise(100_000));
        zero(BYTES - 99_999, 99_999, true);
        assertThat(read(BYTES - 99_999, 99_999)).containsOnly(0);
        assertThat(read(BYTES - 100_000, 1)).isEqualTo(Arrays.copyOf(noise(100_000), 1));
    }

    @Test
    void trimGivesTheRoomBack() {
        int step = granularity();
        write(0, noise(4 * step));
        assertThat(outcome(done -> export.trim(step, 2L * step, true, done))).isNull();
        assertThat(status(0, 4L * step, 10))
                .isEqualTo(step + ":0 " + 2 * step + ":3 " + step + ":0");
        assertThat(read(0, step)).isEqualTo(Arrays.copyOf(noise(4 * step), step));
    }

    @Test
    void extentsCoverTheRangeFromItsFirstByte() {
        int step = granularity();
        write(step, noise(step));
        assertThat(status(0, 1L << 31, 10))
                .isEqualTo(step + ":3 " + step + ":0 " + ((1L << 31) - 2L * step) + ":3");
        assertThat(status(step + 5, step, 10)).isEqualTo((step - 5) + ":0 5:3");
        assertThat(status(step + 5, step, 1)).isEqualTo((step - 5) + ":0");
        assertThat(status(BYTES - 7, 7, 10)).isEqualTo("7:3");
    }

    @Test
    void flushAndCacheSucceed() {
        write(5, noise(100));
        assertThat(outcome(export::flush)).isNull();
        assertThat(outcome(done -> export.cache(0, 100_000, done))).isNull();
    }
}
