package remus.domain.qemu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an earlier life of this agent left of its standbys: a process, a directory and a memory file
 * each. Nobody feeds them any more.
 */
final class StandbyLeftovers {
    private static final Logger LOG = LoggerFactory.getLogger(StandbyLeftovers.class);
    private static final int MAX_COMMAND_LINE_BYTES = 1 << 20;

    private final StandbySettings settings;

    StandbyLeftovers(StandbySettings settings) {
        this.settings = settings;
    }

    /** Destroys them all but the processes that were activated, which are domains now. */
    void destroyAllBut(Collection<Long> activated) {
        if (!Files.isDirectory(settings.runDirectory())) {
            return;
        }
        try (DirectoryStream<Path> found =
                Files.newDirectoryStream(settings.runDirectory(), "standby-*")) {
            for (Path directory : found) {
                destroy(directory, activated);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot look for old standbys", e);
        }
    }

    private void destroy(Path directory, Collection<Long> activated) throws IOException {
        Path pidFile = directory.resolve("pid");
        if (Files.exists(pidFile)) {
            long pid = Long.parseLong(Files.readString(pidFile).trim());
            if (activated.contains(pid)) {
                return;
            }
            if (isOf(pid, directory)) {
                LOG.info("destroying the standby {} that an earlier life of this agent left", pid);
                ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
            }
        }
        Files.deleteIfExists(
                settings.memoryDirectory().resolve("remus-" + directory.getFileName() + ".ram"));
        for (String file : List.of("qmp", "pid", "log", "in", "")) {
            Files.deleteIfExists(directory.resolve(file));
        }
    }

    /** A process id may have been used again; a standby's command line names its directory. */
    private static boolean isOf(long pid, Path directory) throws IOException {
        Path commandLine = Path.of("/proc", Long.toString(pid), "cmdline");
        if (!Files.exists(commandLine)) {
            return false;
        }
        try (var in = Files.newInputStream(commandLine)) {
            String text = new String(in.readNBytes(MAX_COMMAND_LINE_BYTES), StandardCharsets.UTF_8);
            return text.contains(directory + "/");
        }
    }
}
