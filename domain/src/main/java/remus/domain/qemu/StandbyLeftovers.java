package remus.domain.qemu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.LongPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.domain.DomainException;

/**
 * What an earlier life of this agent left of its standbys: a directory and a memory file each, and
 * a process that is one of three. A standby, which nobody feeds any more, is destroyed. One whose
 * takeover was decided (on record, or it was about to run) but may not have been carried out is
 * made to run. A domain, which a standby becomes as soon as it runs, is left alone for as long as
 * it lives, whatever the records say. The name of the file with the process's number tells them
 * apart.
 */
final class StandbyLeftovers {
    private static final Logger LOG = LoggerFactory.getLogger(StandbyLeftovers.class);
    private static final int MAX_COMMAND_LINE_BYTES = 1 << 20;
    private static final String STANDBY = "pid";
    private static final String STARTING = "starting.pid";
    private static final String DOMAIN = "domain.pid";

    /** What may lie in a standby's directory, and at last the directory. */
    static final List<String> FILES = List.of("qmp", STANDBY, STARTING, DOMAIN, "log", "in", "");

    private final StandbySettings settings;

    StandbyLeftovers(StandbySettings settings) {
        this.settings = settings;
    }

    /**
     * The standby of this directory is about to run: from here on no life of this agent destroys
     * it, and the next one makes it run.
     */
    static void starts(Path directory) {
        if (!Files.exists(directory.resolve(STARTING))) {
            rename(directory, STANDBY, STARTING);
        }
    }

    /** It runs: from here on it is its owner's, who may pause it. */
    static void becomesDomain(Path directory) {
        rename(directory, STARTING, DOMAIN);
    }

    private static void rename(Path directory, String from, String to) {
        try {
            Files.move(
                    directory.resolve(from), directory.resolve(to), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new DomainException(
                    "record-failed",
                    "the standby in " + directory + " cannot be marked as a domain: " + e,
                    "make room for the agent's run directory",
                    e);
        }
    }

    /**
     * Puts everything in its place.
     *
     * @param activated processes whose takeover is on record
     * @param mayDestroy whether a standby is of no use any more; one of a record that could not be
     *     read, or whose takeover is not decided, may be
     */
    void settle(Collection<Long> activated, LongPredicate mayDestroy) {
        if (!Files.isDirectory(settings.runDirectory())) {
            return;
        }
        try (DirectoryStream<Path> found =
                Files.newDirectoryStream(settings.runDirectory(), "standby-*")) {
            for (Path directory : found) {
                settle(directory, activated, mayDestroy);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot look for old standbys", e);
        }
    }

    /**
     * Puts in their place standbys whose takeover was not decided when the rest was.
     *
     * @param pids their processes
     * @param run whether they run, or are destroyed
     */
    void decided(Collection<Long> pids, boolean run) {
        if (!Files.isDirectory(settings.runDirectory())) {
            return;
        }
        try (DirectoryStream<Path> found =
                Files.newDirectoryStream(settings.runDirectory(), "standby-*")) {
            for (Path directory : found) {
                boolean theirs =
                        (isAlive(directory, STANDBY) && pids.contains(pid(directory, STANDBY)))
                                || (isAlive(directory, STARTING)
                                        && pids.contains(pid(directory, STARTING)));
                if (theirs) {
                    settle(directory, run ? pids : List.of(), pid -> true);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot look for old standbys", e);
        }
    }

    /**
     * Whether a domain that was a standby, and whose process is gone, ended in order: QEMU then
     * removes the socket of its monitor, and leaves it if it is killed. False as well if nothing is
     * left that would tell, as after a reboot of the host.
     */
    boolean endedInOrder(long pid) {
        if (!Files.isDirectory(settings.runDirectory())) {
            return false;
        }
        try (DirectoryStream<Path> found =
                Files.newDirectoryStream(settings.runDirectory(), "standby-*")) {
            for (Path directory : found) {
                if (Files.exists(directory.resolve(DOMAIN)) && pid(directory, DOMAIN) == pid) {
                    return !Files.exists(directory.resolve("qmp"));
                }
            }
        } catch (IOException | NumberFormatException e) {
            LOG.warn("cannot look for what the process {} left", pid, e);
        }
        return false;
    }

    private void settle(Path directory, Collection<Long> activated, LongPredicate mayDestroy)
            throws IOException {
        if (isAlive(directory, DOMAIN)) {
            return;
        }
        if (Files.exists(directory.resolve(DOMAIN)) && activated.contains(pid(directory, DOMAIN))) {
            return; // what it left tells how it ended
        }
        if (isAlive(directory, STARTING)) {
            finishTakeover(directory, pid(directory, STARTING));
            return;
        }
        if (isAlive(directory, STANDBY)) {
            long pid = pid(directory, STANDBY);
            if (activated.contains(pid)) {
                finishTakeover(directory, pid);
                return;
            }
            if (!mayDestroy.test(pid)) {
                LOG.warn("leaving the standby {} alone: what becomes of it is not known", pid);
                return;
            }
            LOG.info("destroying the standby {} that an earlier life of this agent left", pid);
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
        Files.deleteIfExists(memory(directory));
        for (String file : FILES) {
            Files.deleteIfExists(directory.resolve(file));
        }
    }

    private Path memory(Path directory) {
        return settings.memoryDirectory().resolve("remus-" + directory.getFileName() + ".ram");
    }

    /** It is loaded and complete, as the decision came after that; and nobody has paused it yet. */
    private void finishTakeover(Path directory, long pid) throws IOException {
        LOG.info("finishing the takeover of {} that an earlier life of this agent began", pid);
        try (QmpClient monitor = QmpClient.connect(directory.resolve("qmp"))) {
            new TapInterfaces(StandbyCommandLine.taps(commandLine(pid))).raise();
            starts(directory);
            monitor.execute("cont");
            becomesDomain(directory);
            monitor.execute("announce-self", QemuStandby.ANNOUNCEMENT);
            Files.deleteIfExists(memory(directory)); // it has it open: given back when it ends
        } catch (DomainException e) {
            LOG.error("the takeover of {} cannot be finished: {}", pid, e.getMessage(), e);
        }
    }

    /** A process id may have been used again; a standby's command line names its directory. */
    private static boolean isAlive(Path directory, String file) throws IOException {
        return Files.exists(directory.resolve(file))
                && commandLine(pid(directory, file)).stream()
                        .anyMatch(word -> word.contains(directory + "/"));
    }

    private static long pid(Path directory, String file) throws IOException {
        return Long.parseLong(Files.readString(directory.resolve(file)).trim());
    }

    /** Empty if there is no such process. */
    private static List<String> commandLine(long pid) throws IOException {
        Path commandLine = Path.of("/proc", Long.toString(pid), "cmdline");
        if (!Files.exists(commandLine)) {
            return List.of();
        }
        try (var in = Files.newInputStream(commandLine)) {
            String text = new String(in.readNBytes(MAX_COMMAND_LINE_BYTES), StandardCharsets.UTF_8);
            return Arrays.asList(text.split("\0", -1));
        }
    }
}
