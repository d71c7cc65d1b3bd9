package remus.diskbuf.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.nbd.Completion;
import remus.diskbuf.nbd.NbdError;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.SlabPool;
import remus.domain.qemu.Monitor;
import remus.domain.qemu.QemuDisk;

/** What a mirror's requests become, without a QEMU: the test is the NBD server's I/O thread. */
class MirrorBufferTest {
    private static final int CHUNK = 64 << 10;
    private static final int DISK_BYTES = 40 * CHUNK + 4096;

    @TempDir Path directory;
    private final SlabPool pool = new SlabPool(8L << 20);
    private final SilentQemu qemu = new SilentQemu();
    private final byte[] there = new byte[DISK_BYTES];
    private MirrorBuffer buffer;

    @BeforeEach
    void open() {
        QemuDisk disk =
                new QemuDisk("data", "data", "node", "/m", "raw", "/d", 1, DISK_BYTES, true, false);
        buffer =
                new MirrorBuffer(
                        qemu, ProcessHandle.current().pid(), directory, List.of(disk), pool);
    }

    @AfterEach
    void everySlabComesBack() {
        buffer.close();
        assertThat(pool.available()).isEqualTo(pool.capacity());
        assertThat(directory.resolve("mirror.sock")).doesNotExist();
    }

    private void seed() {
        ChunkDigests digests = ChunkDigests.ofZeroes(DISK_BYTES);
        byte[] digest = new byte[ChunkDigests.DIGEST_BYTES];
        for (int chunk = 0; chunk < digests.chunks(); chunk++) {
            new ChunkDigests.Hasher()
                    .digest(ByteBuffer.wrap(there, chunk * CHUNK, digests.length(chunk)), digest);
            digests.put(CHUNK, chunk, Unpooled.wrappedBuffer(digest));
        }
        buffer.seed(List.of(digests));
    }

    private void seeded() {
        seed();
        qemu.event("BLOCK_JOB_READY", "remus-mirror-0", null);
        assertThat(buffer.isSeeded()).isTrue();
    }

    private Answer write(long offset, int length) {
        byte[] bytes = new byte[length];
        new Random(offset).nextBytes(bytes);
        return write(offset, bytes);
    }

    private Answer write(long offset, byte[] bytes) {
        Answer answer = new Answer(Unpooled.directBuffer().writeBytes(bytes));
        buffer.write(0, offset, answer.payload, answer);
        return answer;
    }

    /** Applies what was captured, as the backup does, and gives the slabs back. */
    private long taken(byte[] image) {
        long sent = 0;
        for (Slab slab : buffer.take()) {
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
        seed();
        for (int at = 0; at < DISK_BYTES; at += 16 * CHUNK) { // QEMU joins neighbours up to 1 MiB
            int length = Math.min(16 * CHUNK, DISK_BYTES - at);
            write(at, Arrays.copyOfRange(here, at, at + length));
        }
        Answer hole = new Answer(null);
        buffer.mark(0, 8L * CHUNK, 4L * CHUNK, Slab.Extent.ZERO, hole);
        assertThat(hole.isDone()).isTrue();
        byte[] image = there.clone();
        assertThat(taken(image)).as("two chunks, the last one short").isEqualTo(CHUNK + 4096);
        assertThat(image).isEqualTo(here);
    }

    @Test
    void chunkThatWasSentInPartIsNotComparedAnyMore() {
        new Random(2).nextBytes(there);
        seed();
        write(100, 50);
        byte[] image = there.clone();
        taken(image);
        assertThat(image).isNotEqualTo(there);
        write(0, Arrays.copyOf(there, CHUNK));
        assertThat(taken(image)).isEqualTo(CHUNK);
        assertThat(image).isEqualTo(there);
    }

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
                buffer.mark(0, at, bytes.length, Slab.Extent.TRIM, new Answer(null));
            }
            System.arraycopy(bytes, 0, wanted, at, bytes.length);
            if (i % 200 == 199) {
                taken(image);
            }
        }
        assertThat(image).isEqualTo(wanted);
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
    void usedUpReserveBreaksTheMirrorAndNeverWaits() {
        seeded();
        buffer.presuspend(1);
        Answer last = write(0, 1 << 20);
        while (last.isDone()) {
            last = write(0, 1 << 20);
        }
        assertThat(last.failed).isEqualTo(NbdError.ENOMEM);
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
    void mirrorThatEndsIsBroken() {
        seed();
        qemu.event("BLOCK_JOB_COMPLETED", "remus-mirror-0", "Input/output error");
        assertThatThrownBy(buffer::isSeeded).hasMessageContaining("Input/output error");
    }

    @Test
    void lostCopyCapturesNothingMore() {
        seeded();
        write(0, 10);
        buffer.discard();
        assertThat(write(0, 10).failed).isEqualTo(NbdError.ENOMEM);
        assertThat(buffer.take()).isEmpty();
    }

    @Test
    void socketIsForQemuAlone() throws Exception {
        seed();
        Path socket = directory.resolve("mirror.sock");
        assertThat(Files.getPosixFilePermissions(socket).toString()).doesNotContain("OTHERS");
    }

    /** An answer that is due. */
    private static final class Answer implements Completion {
        final ByteBuf payload;
        private int answers;
        NbdError failed;

        Answer(ByteBuf payload) {
            this.payload = payload;
        }

        boolean isDone() {
            return answers == 1 && failed == null && (payload == null || payload.refCnt() == 0);
        }

        @Override
        public void done() {
            answers++;
        }

        @Override
        public void fail(NbdError why) {
            answers++;
            failed = why;
        }
    }

    /** Takes every command. */
    private static final class SilentQemu implements Monitor {
        private final List<Consumer<JsonNode>> listeners = new ArrayList<>();

        void event(String name, String job, String error) {
            ObjectNode event = JsonNodeFactory.instance.objectNode();
            event.put("event", name).putObject("data").put("device", job).put("error", error);
            List.copyOf(listeners).forEach(listener -> listener.accept(event));
        }

        @Override
        public JsonNode execute(String command, Map<String, ?> arguments) {
            return JsonNodeFactory.instance.arrayNode();
        }

        @Override
        public void onEvent(Consumer<JsonNode> listener) {
            listeners.add(listener);
        }

        @Override
        public void removeEventListener(Consumer<JsonNode> listener) {
            listeners.remove(listener);
        }

        @Override
        public void onClosed(Consumer<String> listener) {}

        @Override
        public void close() {}
    }
}
