package remus.diskbuf.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.diskbuf.DiskBuffer;
import remus.diskbuf.nbd.Export;
import remus.diskbuf.nbd.NbdError;
import remus.domain.qemu.QemuDisk;

/** What a mirror's requests become, without a QEMU. */
class MirrorBufferTest extends DiskBufferContract {
    @TempDir Path directory;
    private final SilentQemu qemu = new SilentQemu();

    @Override
    DiskBuffer open() {
        QemuDisk disk =
                new QemuDisk("data", "data", "node", "/m", "raw", "/d", 1, DISK_BYTES, true, false);
        return new MirrorBuffer(
                qemu,
                ProcessHandle.current().pid(),
                directory,
                List.of(new MirrorBuffer.Mirrored(0, disk)),
                pool);
    }

    @Override
    Export disk() {
        return ((MirrorBuffer) buffer).exports().get(0);
    }

    /** As QEMU's job does: neighbours are joined up to 1 MiB, holes come as zeroes. */
    @Override
    void copy(byte[] here) {
        for (int at = 0; at < DISK_BYTES; at += 4 * CHUNK) {
            byte[] piece = Arrays.copyOfRange(here, at, Math.min(DISK_BYTES, at + 4 * CHUNK));
            if (Arrays.equals(piece, new byte[piece.length])) {
                disk().zero(at, piece.length, true, false, false, new Answer(null));
            } else {
                write(at, piece);
            }
        }
        qemu.event("BLOCK_JOB_READY", "remus-mirror-0", null);
    }

    @Override
    void assertNotCaptured(Answer answer) {
        assertThat(answer.failed).isEqualTo(NbdError.ENOMEM);
    }

    @AfterEach
    void theSocketIsGone() {
        buffer.close();
        assertThat(directory.resolve("mirror.sock")).doesNotExist();
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
    void mirrorThatEndsIsBroken() {
        seed();
        qemu.event("BLOCK_JOB_COMPLETED", "remus-mirror-0", "Input/output error");
        assertThatThrownBy(buffer::isSeeded).hasMessageContaining("Input/output error");
    }

    @Test
    void socketIsForQemuAlone() throws Exception {
        seed();
        Path socket = directory.resolve("mirror.sock");
        assertThat(Files.getPosixFilePermissions(socket).toString()).doesNotContain("OTHERS");
    }
}
