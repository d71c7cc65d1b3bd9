package remus.domain.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A real QEMU with a Linux guest, daemonized, so that it is no child of this JVM. */
final class TestGuest implements AutoCloseable {
    final Path directory;
    final String name;
    final long pid;

    private TestGuest(Path directory, String name, long pid) {
        this.directory = directory;
        this.name = name;
        this.pid = pid;
    }

    static TestGuest boot(String... extra) throws IOException, InterruptedException {
        TestGuest guest = start(extra);
        guest.awaitSerial("tick 1 ");
        return guest;
    }

    /** Starts without waiting for its user space. */
    static TestGuest start(String... extra) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("remus-guest");
        String name = "guest-" + directory.getFileName();
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "qemu-system-x86_64",
                                "-name",
                                "guest=" + name + ",debug-threads=on",
                                "-accel",
                                "tcg",
                                "-machine",
                                "q35",
                                "-m",
                                "256",
                                "-display",
                                "none",
                                "-nodefaults",
                                "-serial",
                                "file:" + directory.resolve("serial"),
                                "-qmp",
                                "unix:" + directory.resolve("qmp") + ",server=on,wait=off",
                                "-qmp",
                                "unix:" + directory.resolve("owner") + ",server=on,wait=off",
                                "-pidfile",
                                directory.resolve("pid").toString(),
                                "-kernel",
                                file("remus.guest.kernel"),
                                "-initrd",
                                file("remus.guest.initrd"),
                                "-append",
                                "console=ttyS0 panic=-1",
                                "-daemonize"));
        command.addAll(Arrays.asList(extra));
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("log").toFile())
                        .start();
        if (!process.waitFor(20, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException(Files.readString(directory.resolve("log")));
        }
        long pid = Long.parseLong(Files.readString(directory.resolve("pid")).trim());
        return new TestGuest(directory, name, pid);
    }

    private static String file(String property) {
        String path = System.getProperty(property, "");
        if (path.isEmpty() || !Files.isReadable(Path.of(path))) {
            throw new IllegalStateException(
                    "set -D" + property + " to the guest's file (now: '" + path + "')");
        }
        return path;
    }

    Path qmp() {
        return directory.resolve("qmp");
    }

    /** A second monitor: the VM's owner. */
    QmpClient owner() {
        return QmpClient.connect(directory.resolve("owner"));
    }

    String serial() {
        try {
            return Files.readString(directory.resolve("serial"));
        } catch (IOException e) {
            return "";
        }
    }

    void awaitSerial(String text) {
        await("serial line: " + text, () -> serial().contains(text));
    }

    /** The number of the last tick that the guest printed. */
    int ticks() {
        return serial().split("tick \\d+", -1).length - 1;
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("did not happen: " + what);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    /** What its open files are. */
    List<String> openFiles() throws IOException {
        List<String> links = new ArrayList<>();
        try (var entries = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            for (Path entry : entries) {
                try {
                    links.add(Files.readSymbolicLink(entry).toString());
                } catch (NoSuchFileException e) {
                    links.remove(null); // closed since it was listed
                }
            }
        }
        links.sort(null);
        return links;
    }

    /** As {@link #openFiles}, none if it ended. */
    List<String> openFilesOrNone() {
        try {
            return openFiles();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** As the loss of its host would. */
    void end() {
        ProcessHandle.of(pid)
                .ifPresent(
                        process -> {
                            process.destroyForcibly();
                            process.onExit().join();
                        });
    }

    @Override
    public void close() throws IOException {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        try (var entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                Files.delete(entry);
            }
        }
        Files.delete(directory);
    }
}
