package remus.diskbuf.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.DiskBuffer;
import remus.diskbuf.nbd.Completion;
import remus.diskbuf.nbd.Export;
import remus.diskbuf.nbd.NbdError;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.SlabPool;

/** What every buffer of disks does with what comes; the test is the NBD server's I/O thread. */
abstract class DiskBufferContract {
    static final int CHUNK = 64 << 10;
    static final int DISK_BYTES = 40 * CHUNK + 4096;

    final SlabPool pool = new SlabPool(8L << 20);
    final byte[] there = new byte[DISK_BYTES];
    DiskBuffer buffer;

    /** Of one disk of {@link #DISK_BYTES}. */
    abstract DiskBuffer open() throws Exception;

    /** Where requests arrive once the seed has begun. */
    abstract Export disk();

    /** Brings the content of the disk here to the copy, if that does not come by itself. */
    abstract void copy(byte[] here);

    /** What becomes of a write that cannot be captured. */
    abstract void assertNotCaptured(Answer answer);

    @BeforeEach
    void openBuffer() throws Exception {
        buffer = open();
    }

    @AfterEach
    void everySlabComesBack() {
        buffer.close();
        assertThat(pool.available()).isEqualTo(pool.capacity());
    }

    void seed() {
        ChunkDigests digests = ChunkDigests.ofZeroes(DISK_BYTES);
        byte[] digest = new byte[ChunkDigests.DIGEST_BYTES];
        for (int chunk = 0; chunk < digests.chunks(); chunk++) {
            new ChunkDigests.Hasher()
                    .digest(ByteBuffer.wrap(there, chunk * CHUNK, digests.length(chunk)), digest);
            digests.put(CHUNK, chunk, Unpooled.wrappedBuffer(digest));
        }
        buffer.seed(List.of(digests));
    }

    void seeded() {
        seed();
        copy(there);
        assertThat(buffer.isSeeded()).isTrue();
        buffer.take().forEach(Slab::giveBack);
    }

    Answer write(long offset, int length) {
        byte[] bytes = new byte[length];
        new Random(offset).nextBytes(bytes);
        return write(offset, bytes);
    }

    Answer write(long offset, byte[] bytes) {
        Answer answer = new Answer(Unpooled.directBuffer().writeBytes(bytes));
        disk().write(offset, answer.payload, false, answer);
        return answer;
    }

    /** Applies what was captured, as the backup does, and gives the slabs back. */
    long taken(byte[] image) {
        return apply(buffer.take(), image);
    }

    static long apply(List<Slab> slabs, byte[] image) {
        long sent = 0;
        for (Slab slab : slabs) {
            ByteBuffer payload = slab.payload();
            int data = slab.runs() * Slab.EXTENT_BYTES;
            for (int i = 0; i < slab.runs(); i++) {
                int at = (int) payload.getLong(i * 16);
                int length = payload.getInt(i * 16 + 8);
                if (payload.getInt(i * 16 + 12) == 0) {
                    payload.get(data, image, at, length);
                    data += length;
                } else {
                    Arrays.fill(image, at, at + length, (byte) 0);
                }
                sent += length;
            }
            slab.giveBack();
        }
        return sent;
    }

    @Test
    void sendsOnlyWhatTheOtherSideDoesNotHold() {
        new Random(1).nextBytes(there);
        Arrays.fill(there, 8 * CHUNK, 12 * CHUNK, (byte) 0);
        byte[] here = there.clone();
        here[5 * CHUNK + 17]++;
        here[DISK_BYTES - 1]++;
        prepare(here);
        seed();
        copy(here);
        byte[] image = there.clone();
        assertThat(taken(image)).as("two chunks, the last one short").isEqualTo(CHUNK + 4096);
        assertThat(image).isEqualTo(here);
        assertThat(buffer.isSeeded()).isTrue();
        assertThat(buffer.progress().get(0).copiedBytes()).isEqualTo(DISK_BYTES);
    }

    /** What the disk here holds before it is captured. */
    void prepare(byte[] here) {}

    @Test
    void writesStayInOrderAcrossSlabs() {
        seeded();
        byte[] image = new byte[DISK_BYTES];
        byte[] wanted = new byte[DISK_BYTES];
        Random random = new Random(3);
        for (int i = 0; i < 600; i++) {
            int at = random.nextInt(20) * 1000;
            byte[] bytes = new byte[1 + random.nextInt(3000)];
            if (random.nextInt(5) > 0) {
                random.nextBytes(bytes);
                assertThat(write(at, bytes).isDone()).isTrue();
            } else {
                disk().zero(at, bytes.length, true, false, false, new Answer(null));
            }
            System.arraycopy(bytes, 0, wanted, at, bytes.length);
            if (i % 200 == 199) {
                taken(image);
            }
        }
        assertThat(image).isEqualTo(wanted);
    }

    @Test
    void neighboursTravelAsOne() {
        seeded();
        for (int at = 0; at < 300; at++) {
            write(at * 4096L, 4096);
        }
        List<Slab> slabs = buffer.take();
        assertThat(slabs).hasSize(2);
        assertThat(slabs).extracting(Slab::runs).containsOnly(1);
        byte[] image = new byte[DISK_BYTES];
        assertThat(apply(slabs, image)).isEqualTo(300 * 4096);
        byte[] page = new byte[4096];
        new Random(299 * 4096L).nextBytes(page);
        assertThat(Arrays.copyOfRange(image, 299 * 4096, 300 * 4096)).isEqualTo(page);
    }

    @Test
    void writesGoOnWhenNobodyMakesRoomForThem() {
        seeded();
        buffer.waitNoLonger();
        assertThat(buffer.isSeeded()).as("nothing waited").isTrue();
        Answer waiting = write(0, 1 << 20);
        while (waiting.isDone()) {
            waiting = write(0, 1 << 20);
        }
        Answer behind = write(7, 1);
        buffer.waitNoLonger();
        assertNotCaptured(waiting);
        assertNotCaptured(behind);
        assertNotCaptured(write(0, 1 << 20));
        assertThatThrownBy(buffer::isSeeded)
                .isInstanceOfSatisfying(
                        DomainException.class, e -> assertThat(e.code()).isEqualTo("disk-broken"));
        buffer.take().forEach(Slab::giveBack);
    }

    @Test
    void asksForACheckpointAndThenWithholdsUntilThereIsRoom() {
        seeded();
        List<String> pressure = new ArrayList<>();
        buffer.onPressure(() -> pressure.add("now"));
        List<Answer> answers = new ArrayList<>();
        while (answers.isEmpty() || answers.get(answers.size() - 1).isDone()) {
            answers.add(write(0, 1 << 20));
        }
        assertThat(pressure).isNotEmpty();
        assertThat(answers).hasSizeLessThan(8);
        Answer behind = write(7, 1);
        assertThat(behind.isDone()).as("it must not overtake").isFalse();
        buffer.take().forEach(Slab::giveBack);
        assertThat(answers).allMatch(Answer::isDone);
        assertThat(behind.isDone()).isTrue();
        buffer.take().forEach(Slab::giveBack);
    }

    @Test
    void nothingIsWithheldFromTheSuspendOn() {
        seeded();
        Answer last = write(0, 1 << 20);
        while (last.isDone()) {
            last = write(0, 1 << 20);
        }
        buffer.presuspend(1);
        assertThat(last.isDone()).as("what was withheld").isTrue();
        assertThat(write(0, 1 << 20).isDone()).as("what comes meanwhile").isTrue();
        buffer.resumed();
        assertThat(write(0, 1 << 20).isDone()).as("withheld again").isFalse();
        buffer.take().forEach(Slab::giveBack);
        buffer.take().forEach(Slab::giveBack);
    }

    @Test
    void writeThatComesWhileTheWithheldOnesAreTakenIsTakenBehindThem() {
        seeded();
        while (write(2 << 20, 64 << 10).isDone()) {
            // until nothing but the reserve is left
        }
        Answer[] behind = new Answer[1];
        ByteBuf payload = Unpooled.directBuffer().writeZero(1 << 20);
        disk().write(
                        0,
                        payload,
                        false,
                        new Completion() {
                            @Override
                            public void done() {
                                behind[0] = write((2 << 20) + (64 << 10), 8);
                            }

                            @Override
                            public void fail(NbdError why) {}
                        });
        Answer last = write(1 << 20, 1 << 20);
        assertThat(behind[0]).isNull();
        buffer.presuspend(1);
        assertThat(behind[0]).isNotNull();
        assertThat(last.isDone() && behind[0].isDone()).isTrue();
        disk().flush(new Answer(null));
        buffer.preresume(1);
        buffer.resumed();
        buffer.take().forEach(Slab::giveBack);
    }

    @Test
    void usedUpReserveBreaksTheCopyAndNeverWaits() {
        seeded();
        buffer.presuspend(1);
        disk().flush(new Answer(null));
        Answer last = write(0, 1 << 20);
        for (int i = 0; i < 10; i++) {
            last = write(0, 1 << 20);
        }
        assertNotCaptured(last);
        assertThatThrownBy(() -> buffer.preresume(1))
                .isInstanceOfSatisfying(
                        DomainException.class, e -> assertThat(e.code()).isEqualTo("disk-broken"));
    }

    @Test
    void stopWithoutAFlushIsNone() {
        seeded();
        buffer.presuspend(1);
        assertThatThrownBy(() -> buffer.preresume(1)).hasMessageContaining("not connected");
    }

    @Test
    void stopWithItsFlushIsWhole() {
        seeded();
        write(0, 10);
        buffer.presuspend(1);
        Answer flushed = new Answer(null);
        disk().flush(flushed);
        assertThat(flushed.isDone()).isTrue();
        assertThat(taken(new byte[DISK_BYTES])).isEqualTo(10);
        buffer.preresume(1);
        buffer.resumed();
    }

    @Test
    void lostCopyCapturesNothingMore() {
        seeded();
        write(0, 10);
        buffer.discard();
        assertNotCaptured(write(0, 10));
        assertThat(buffer.take()).isEmpty();
    }

    /** An answer that is due. */
    static final class Answer implements Completion {
        final ByteBuf payload;
        private int answers;
        NbdError failed;

        Answer(ByteBuf payload) {
            this.payload = payload;
        }

        synchronized boolean isDone() {
            return answers == 1 && failed == null && (payload == null || payload.refCnt() == 0);
        }

        @Override
        public synchronized void done() {
            answers++;
        }

        @Override
        public synchronized void fail(NbdError why) {
            answers++;
            failed = why;
        }
    }
}
