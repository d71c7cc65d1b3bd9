package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import remus.domain.DomainException;
import remus.domain.linux.ProcessFiles;

/**
 * A QEMU process that waits for device state. It is nobody's child and in a session of its own: it
 * neither dies with this agent nor hears its signals.
 *
 * @param handle knows pid and start time, so that no other process is ever taken for it
 */
record StandbyProcess(ProcessHandle handle, long startTicks, QmpClient monitor, Path log) {
    private static final int LOG_LIMIT_BYTES = 4096;
    private static final long EXIT_TIMEOUT_SECONDS = 5;

    /**
     * Starts QEMU and connects to its monitor.
     *
     * @throws DomainException {@code standby-not-started} with what QEMU said; then it does not run
     */
    static StandbyProcess start(
            StandbyCommandLine line,
            StandbyCommandLine.Files files,
            Path workingDirectory,
            StandbySettings settings) {
        ProcessHandle handle = null;
        try {
            daemonize(line, files.log(), workingDirectory, settings);
            long pid = Long.parseLong(Files.readString(files.pid()).trim());
            handle =
                    ProcessHandle.of(pid)
                            .orElseThrow(() -> new IOException("process " + pid + " is gone"));
            long startTicks = ProcessFiles.startTicks(pid);
            QmpClient monitor = QmpClient.connect(files.monitor());
            return new StandbyProcess(handle, startTicks, monitor, files.log());
        } catch (IOException | NumberFormatException | DomainException e) {
            if (handle != null) {
                handle.destroyForcibly();
            }
            throw new DomainException(
                    "standby-not-started",
                    "QEMU did not start as a standby: " + e.getMessage() + said(files.log()),
                    "see QEMU's own words; both hosts need the same QEMU, files and interfaces",
                    e);
        }
    }

    /** QEMU's first process ends when the daemon is ready, with status 0. */
    private static void daemonize(
            StandbyCommandLine line, Path log, Path workingDirectory, StandbySettings settings)
            throws IOException {
        List<String> words = new ArrayList<>(settings.launcher());
        words.addAll(line.words());
        Process starter =
                new ProcessBuilder(words)
                        .directory(
                                Files.isDirectory(workingDirectory)
                                        ? workingDirectory.toFile()
                                        : Path.of("/").toFile())
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .start();
        try {
            if (!starter.waitFor(settings.startTimeoutNanos(), TimeUnit.NANOSECONDS)) {
                starter.descendants().forEach(ProcessHandle::destroyForcibly);
                starter.destroyForcibly();
                throw new IOException("it was not ready in time");
            }
        } catch (InterruptedException e) {
            starter.descendants().forEach(ProcessHandle::destroyForcibly);
            starter.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (starter.exitValue() != 0) {
            throw new IOException("it ended with status " + starter.exitValue());
        }
    }

    /** Its version, as {@code 7.2.22}. */
    String version() {
        JsonNode version = monitor.execute("query-version").path("qemu");
        return version.path("major").asInt()
                + "."
                + version.path("minor").asInt()
                + "."
                + version.path("micro").asInt();
    }

    /** What it logged, for people; empty or starting with a separator. */
    String said() {
        return said(log);
    }

    private static String said(Path log) {
        try (InputStream in = Files.newInputStream(log)) {
            String text = new String(in.readNBytes(LOG_LIMIT_BYTES), StandardCharsets.UTF_8).trim();
            return text.isEmpty() ? "" : "; QEMU says: " + text;
        } catch (IOException e) {
            return "";
        }
    }

    /** Kills it and waits until it is gone: only then are its memory and interfaces free. */
    void destroy() {
        monitor.close();
        handle.destroyForcibly();
        try {
            handle.onExit().get(EXIT_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            throw new UncheckedIOException(
                    new IOException("QEMU process " + handle.pid() + " does not end", e));
        }
    }
}
