package remus.diskbuf.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import remus.diskbuf.ChunkDigests;
import remus.diskbuf.DiskBuffer;
import remus.diskbuf.nbd.Export;
import remus.diskbuf.nbd.MemoryExport;
import remus.diskbuf.nbd.NbdError;
import remus.domain.DomainException;
import remus.domain.Slab;
import remus.domain.SlabPool;

/** What the requests to a served disk become. */
class BootTimeBufferTest extends DiskBufferContract {
    private final SilentQemu qemu = new SilentQemu();
    private final ServedDisk disk = new ServedDisk(new MemoryExport("data", DISK_BYTES));

    @Override
    DiskBuffer open() {
        return new BootTimeBuffer(qemu, List.of(new BootTimeBuffer.Served(0, "data", disk)), pool);
    }

    @Override
    Export disk() {
        return disk;
    }

    @Override
    void prepare(byte[] here) {
        for (int at = 0; at < DISK_BYTES; at += 16 * CHUNK) {
            int length = Math.min(DISK_BYTES - at, 16 * CHUNK);
            disk.write(at, Unpooled.copiedBuffer(here, at, length), false, new Answer(null));
        }
    }

    /** The buffer reads it by itself. */
    @Override
    void copy(byte[] here) {}

    /** The guest's disk has it. */
    @Override
    void assertNotCaptured(Answer answer) {
        assertThat(answer.isDone()).isTrue();
    }

    @AfterEach
    void theDiskStays() {
        buffer.close();
        byte[] bytes = new byte[100];
        new Random(0).nextBytes(bytes);
        assertThat(write(0, 100).isDone()).isTrue();
        assertThat(read(0, 100)).isEqualTo(bytes);
        disk.close();
    }

    private byte[] read(long offset, int length) {
        var into = Unpooled.directBuffer(length, length);
        Answer answer = new Answer(null);
        disk.read(offset, length, into, answer);
        assertThat(answer.isDone()).isTrue();
        byte[] bytes = new byte[length];
        into.readBytes(bytes).release();
        return bytes;
    }

    @Test
    void withheldWriteIsNotOnTheDiskYet() {
        seeded();
        Answer last = write(0, 1 << 20);
        while (last.isDone()) {
            last = write(0, 1 << 20);
        }
        Answer behind = write(1 << 20, 8);
        assertThat(behind.isDone()).isFalse();
        assertThat(read(1 << 20, 8)).containsOnly(0);
        buffer.discard();
        assertThat(last.isDone() && behind.isDone()).as("the guest goes on").isTrue();
        assertThat(read(1 << 20, 8)).isNotEqualTo(new byte[8]);
    }

    @Test
    void requestThatTheReserveCannotHoldIsRefusedWhoeverAsks() {
        assertThat(disk.maxRequestBytes()).isEqualTo(1 << 20);
        assertThat(write(0, (1 << 20) + 1).failed).isEqualTo(NbdError.EINVAL);
    }

    @Test
    void zeroingThatMustBeFastIsRefusedWhileItIsCaptured() {
        seeded();
        Answer fast = new Answer(null);
        disk.zero(0, 4096, true, true, false, fast);
        assertThat(fast.failed).isEqualTo(NbdError.ENOTSUP);
        assertThat(buffer.take()).isEmpty();
    }

    @Test
    void jobThatMayHaveMovedTheDiskIsTheEndOfTheCopy() {
        seeded();
        qemu.event("BLOCK_JOB_COMPLETED", "nightly", "backup", null);
        assertThat(buffer.isSeeded()).isTrue();
        qemu.event("BLOCK_JOB_COMPLETED", "move", "mirror", null);
        assertThatThrownBy(() -> buffer.preresume(1)).hasMessageContaining("block job move");
    }

    @Test
    void diskIsOneDomainsOnly() {
        seeded();
        DiskBuffer other =
                new BootTimeBuffer(
                        qemu,
                        List.of(new BootTimeBuffer.Served(0, "data", disk)),
                        new SlabPool(8L << 20));
        assertThatThrownBy(() -> other.seed(List.of(ChunkDigests.ofZeroes(DISK_BYTES))))
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> assertThat(e.code()).isEqualTo("export-captured"));
        other.close();
        write(0, 5);
        assertThat(taken(new byte[DISK_BYTES])).as("still the first one's").isEqualTo(5);
    }

    @Test
    void slabsBearTheDomainsNumberOfTheDisk() {
        DiskBuffer second =
                new BootTimeBuffer(qemu, List.of(new BootTimeBuffer.Served(1, "data", disk)), pool);
        ChunkDigests zeroes = ChunkDigests.ofZeroes(DISK_BYTES);
        second.seed(List.of(zeroes, zeroes));
        write(0, 5);
        List<Slab> slabs = second.take();
        assertThat(slabs).extracting(Slab::region).containsOnly(1);
        slabs.forEach(Slab::giveBack);
        second.close();
    }
}
