package remus.agent.daemon;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;

/**
 * One agent per state directory: a lock that the kernel drops with the process, however it ends.
 */
final class InstanceLock implements AutoCloseable {
    private static final int MAX_PID_BYTES = 20;

    private final FileChannel channel;

    private InstanceLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes it.
     *
     * @throws DomainException {@code already-running}, {@code state-dir-failed}
     */
    static InstanceLock acquire(Path stateDir) {
        Path file = stateDir.resolve("agent.lock");
        FileChannel channel = null;
        try {
            Files.createDirectories(
                    stateDir,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            channel =
                    FileChannel.open(
                            file,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
            if (tryLock(channel) == null) {
                String holder = holder(channel);
                channel.close();
                throw new DomainException(
                        "already-running",
                        "another agent" + holder + " runs with state-dir " + stateDir,
                        "stop it first, or give this one a state-dir and run-dir of its own");
            }
            channel.truncate(0);
            channel.write(US_ASCII.encode(ProcessHandle.current().pid() + "\n"), 0);
            return new InstanceLock(channel);
        } catch (IOException cause) {
            close(channel, cause);
            throw new DomainException(
                    "state-dir-failed",
                    "state-dir " + stateDir + " cannot be used: " + cause,
                    "create it with mode 0700, owned by the agent's user",
                    cause);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException gone) {
            throw new java.io.UncheckedIOException(gone);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException sameProcess) {
            return null;
        }
    }

    private static String holder(FileChannel channel) throws IOException {
        ByteBuffer pid = ByteBuffer.allocate(MAX_PID_BYTES);
        channel.read(pid, 0);
        String text = US_ASCII.decode(pid.flip()).toString().strip();
        return text.matches("\\d+") ? " (process " + text + ")" : "";
    }

    private static void close(@Nullable FileChannel channel, IOException cause) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException second) {
                cause.addSuppressed(second);
            }
        }
    }
}
