package remus.diskbuf.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.domain.DomainException;

final class FileExportTest extends ExportContract {
    @TempDir Path directory;

    @Override
    Export open() throws IOException {
        Path image = directory.resolve("disk.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(BYTES);
        }
        return FileExport.open("f", image, false);
    }

    @Override
    int granularity() {
        return 4096 * 16;
    }

    @Test
    void theFileHoldsTheBytesAndKeepsItsSize() throws IOException {
        write(BYTES - 4, noise(4));
        zero(0, BYTES, true);
        write(12, noise(3));
        export.close();
        Path image = directory.resolve("disk.img");
        assertThat(Files.size(image)).isEqualTo(BYTES);
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
            file.seek(12);
            byte[] found = new byte[3];
            file.readFully(found);
            assertThat(found).isEqualTo(noise(3));
            file.seek(BYTES - 4);
            assertThat(file.readInt()).isZero();
        }
    }

    @Test
    void aFileThatWasCutIsAnError() throws IOException {
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve("disk.img").toFile(), "rw")) {
            file.setLength(100);
        }
        ByteBuf into = Unpooled.directBuffer(200);
        assertThat(outcome(done -> export.read(0, 200, into, done))).isEqualTo(NbdError.EIO);
        into.release();
    }

    @Test
    void whatCannotBeOpenedIsRefused() {
        assertThatThrownBy(() -> FileExport.open("f", directory.resolve("none"), true))
                .isInstanceOf(DomainException.class)
                .hasMessageContaining("none cannot be opened");
        assertThatThrownBy(() -> FileExport.open("f", directory, true))
                .isInstanceOf(DomainException.class)
                .hasMessageContaining("it is a directory");
    }
}
