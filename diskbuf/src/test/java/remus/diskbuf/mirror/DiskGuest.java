package remus.diskbuf.mirror;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import remus.domain.DiskSelection;
import remus.domain.Standby;
import remus.domain.StandbySpec;
import remus.domain.qemu.Monitor;
import remus.domain.qemu.QemuDomain;
import remus.domain.qemu.QemuHypervisor;
import remus.domain.qemu.QmpClient;

/** A real QEMU with a Linux guest that writes to its disk on command. */
final class DiskGuest implements AutoCloseable {
    private static final Path IN_MEMORY = Path.of("/dev/shm/remus-disk-it");

    final Path directory;
    private final long pid;
    private final SocketChannel port;

    private DiskGuest(Path directory, long pid, SocketChannel port) {
        this.directory = directory;
        this.pid = pid;
        this.port = port;
    }

    /** Boots with these options; the second serial port is {@code DIRECTORY/port}. */
    static DiskGuest boot(Path directory, String... options)
            throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "qemu-system-x86_64",
                                "-name",
                                "guest=" + directory.getFileName(),
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
                                "null",
                                "-chardev",
                                "socket,id=port,path="
                                        + directory.resolve("port")
                                        + ",server=on,wait=off",
                                "-serial",
                                "chardev:port",
                                "-qmp",
                                "unix:" + directory.resolve("qmp") + ",server=on,wait=off",
                                "-qmp",
                                "unix:" + directory.resolve("owner") + ",server=on,wait=off",
                                "-pidfile",
                                directory.resolve("pid").toString(),
                                "-kernel",
                                System.getProperty("remus.guest.kernel", ""),
                                "-initrd",
                                System.getProperty("remus.guest.initrd", ""),
                                "-append",
                                "console=ttyS0 panic=-1",
                                "-daemonize"));
        command.addAll(Arrays.asList(options));
        run(command.toArray(String[]::new));
        long pid = Long.parseLong(Files.readString(directory.resolve("pid")).trim());
        DiskGuest guest = new DiskGuest(directory, pid, connect(directory.resolve("port")));
        String ready = line(guest.port);
        if (!ready.equals("ok ready")) {
            throw new IOException("the guest says " + ready);
        }
        return guest;
    }

    static SocketChannel connect(Path port) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(port));
        return channel;
    }

    /** Runs a command in the guest's load maker and returns its answer. */
    String ask(String command) throws IOException {
        return ask(port, command);
    }

    static String ask(SocketChannel port, String command) throws IOException {
        port.write(ByteBuffer.wrap((command + "\n").getBytes(StandardCharsets.UTF_8)));
        String answer = line(port);
        if (!answer.startsWith("ok")) {
            throw new IOException(command + ": " + answer);
        }
        return answer;
    }

    private static String line(SocketChannel port) throws IOException {
        StringBuilder text = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (port.read(one.clear()) > 0 && one.get(0) != '\n') {
            text.append((char) one.get(0));
        }
        return text.toString();
    }

    /** Writes that the guest's disk has confirmed. */
    long writes() throws IOException {
        String answer = ask("disk where");
        if (!answer.endsWith("failures=0")) {
            throw new IOException("the guest's disk failed: " + answer);
        }
        return Long.parseLong(answer.replaceAll(".*writes=(\\d+).*", "$1"));
    }

    /** Waits until more writes are confirmed than now. */
    void awaitMoreWrites() throws IOException {
        long before = writes();
        await("the guest goes on", () -> uncheckedWrites() > before + 50);
    }

    /** Waits until the guest's writes hang: none is confirmed in many readings. */
    void awaitNoMoreWrites() {
        long[] last = {-1, 0};
        await(
                "the guest's writes wait",
                () -> {
                    long now = uncheckedWrites();
                    last[1] = now == last[0] ? last[1] + 1 : 0;
                    last[0] = now;
                    return last[1] > 50;
                });
    }

    private long uncheckedWrites() {
        try {
            return writes();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    QmpClient owner() {
        return QmpClient.connect(directory.resolve("owner"));
    }

    QemuDomain open() {
        return open(DiskSelection.WRITABLE);
    }

    QemuDomain open(DiskSelection disks) {
        return hypervisor().open(directory.resolve("qmp").toString(), disks);
    }

    private static QemuHypervisor hypervisor() {
        return new QemuHypervisor(
                IN_MEMORY,
                false,
                new QemuHypervisor.Standbys() {
                    @Override
                    public List<remus.domain.Finding> check(StandbySpec spec) {
                        return List.of();
                    }

                    @Override
                    public Standby create(StandbySpec spec, List<Path> images) {
                        throw new AssertionError("not asked for");
                    }
                });
    }

    /** The nodes and what the drives use; not how many bytes a file occupies. */
    static String graph(Monitor monitor) {
        StringBuilder text = new StringBuilder();
        for (JsonNode node : monitor.execute("query-named-block-nodes", Map.of("flat", true))) {
            text.append(node.path("node-name").asText()).append(' ');
            text.append(node.path("drv").asText()).append(' ').append(node.path("ro")).append('\n');
        }
        for (JsonNode drive : monitor.execute("query-block")) {
            text.append(drive.path("inserted").path("node-name").asText()).append(' ');
            text.append(drive.path("io-status").asText()).append('\n');
        }
        return text.append(monitor.execute("query-block-jobs")).toString();
    }

    static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).inheritIO().start();
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException("failed: " + String.join(" ", command));
        }
    }

    static void await(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(40)) {
                throw new AssertionError("did not happen: " + what);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    void kill() {
        ProcessHandle.of(pid)
                .ifPresent(
                        process -> {
                            process.destroyForcibly();
                            process.onExit().join();
                        });
    }

    @Override
    public void close() throws IOException {
        port.close();
        kill();
    }
}
