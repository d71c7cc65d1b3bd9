package remus.diskbuf.mirror;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code qemu-nbd} with one raw image, as the mirror's target. */
final class NbdServer implements AutoCloseable {
    static final String EXPORT = "disk0";
    final Path socket;
    final Path image;
    private final Process process;

    NbdServer(Path directory, long bytes) throws IOException, InterruptedException {
        socket = directory.resolve("nbd");
        image = directory.resolve("target.raw");
        Files.deleteIfExists(socket);
        Files.deleteIfExists(image);
        DiskGuest.run("truncate", "-s", Long.toString(bytes), image.toString());
        process =
                new ProcessBuilder(
                                "qemu-nbd",
                                "-t",
                                "-k",
                                socket.toString(),
                                "-x",
                                EXPORT,
                                "-f",
                                "raw",
                                "--discard=unmap",
                                image.toString())
                        .inheritIO()
                        .start();
        DiskGuest.await("qemu-nbd listens", () -> Files.exists(socket));
    }

    /** Stops answering, and stays. */
    void fallSilent() throws IOException, InterruptedException {
        DiskGuest.run("kill", "-STOP", Long.toString(process.pid()));
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
