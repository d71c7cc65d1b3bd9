package remus.ha;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import remus.domain.DomainException;

/**
 * Replaces a file by write, fsync, rename, fsync of the directory: a reader sees the old contents
 * or the new ones, whatever dies in between.
 */
public final class AtomicFile {
    private AtomicFile() {}

    /**
     * Writes text.
     *
     * @throws DomainException {@code record-failed}; then the old contents are there
     */
    public static void write(Path directory, String name, String text) {
        write(directory, name, text.getBytes(StandardCharsets.UTF_8));
    }

    static void write(Path directory, String name, byte[] contents) {
        Path target = directory.resolve(name);
        Path fresh = directory.resolve(name + ".new");
        try {
            ByteBuffer bytes = ByteBuffer.wrap(contents);
            try (FileChannel channel =
                    FileChannel.open(
                            fresh,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING)) {
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
            syncDirectory(directory);
        } catch (IOException e) {
            throw failed("cannot write the record " + target, e);
        }
    }

    static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    static DomainException failed(String what, IOException cause) {
        return new DomainException(
                "record-failed",
                what + ": " + cause,
                "make room for the agent's state directory and let the agent write there",
                cause);
    }
}
