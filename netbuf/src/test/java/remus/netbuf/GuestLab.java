package remus.netbuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import remus.domain.qemu.QmpClient;

/**
 * A real guest (busybox and Redis at 10.77.0.10) behind a tap with virtio-net headers on a bridge
 * in a network namespace of its own; the client lives in that namespace, at 10.77.0.1. QEMU runs as
 * nobody.
 */
final class GuestLab implements AutoCloseable {
    static final int QEMU_UID = 65_534;
    static final String GUEST = "10.77.0.10";
    private static final String GUEST_MAC = "52:54:00:12:34:56";
    static final String GUEST_IPV6 = "fe80::5054:ff:fe12:3456%br0";

    private static final long BOOT_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final String namespace = "remus-netbuf-" + ProcessHandle.current().pid();
    private final Path directory;
    private final long pid;
    private final QmpClient monitor;

    GuestLab(Path directory) throws IOException {
        String kernel = System.getProperty("remus.guest.kernel");
        String initrd = System.getProperty("remus.guest.initrd");
        assumeTrue(
                kernel != null && initrd != null,
                "needs -Dremus.guest.kernel, -Dremus.guest.initrd");
        this.directory = directory;
        setMode(directory, "rwx--x--x");
        run("ip", "netns", "add", namespace);
        ip("link add name br0 type bridge");
        ip("link set br0 up");
        ip("addr add 10.77.0.1/24 dev br0");
        inNamespace("ip", "tuntap", "add", "dev", "tap0", "mode", "tap", "vnet_hdr");
        ip("link set tap0 master br0 up");
        Path pidFile = directory.resolve("qemu.pid");
        List<String> qemu =
                new ArrayList<>(List.of("qemu-system-x86_64", "-accel", "tcg", "-machine", "q35"));
        qemu.addAll(List.of("-m", "256", "-display", "none", "-nodefaults"));
        qemu.addAll(List.of("-daemonize", "-runas", "nobody"));
        qemu.addAll(List.of("-serial", "file:" + directory.resolve("serial")));
        qemu.addAll(List.of("-qmp", "unix:" + directory.resolve("qmp") + ",server=on,wait=off"));
        qemu.addAll(List.of("-pidfile", pidFile.toString(), "-kernel", kernel, "-initrd", initrd));
        qemu.addAll(List.of("-append", "console=ttyS0 panic=-1"));
        qemu.addAll(List.of("-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no"));
        qemu.addAll(List.of("-device", "virtio-net-pci,netdev=n0,mac=" + GUEST_MAC + ",romfile="));
        inNamespace(qemu.toArray(String[]::new));
        pid = Long.parseLong(Files.readString(pidFile).trim());
        monitor = QmpClient.connect(directory.resolve("qmp"));
        until(BOOT_NANOS, () -> redis("PING").equals("PONG"));
    }

    /** JUnit's directories are closed to QEMU's user. */
    static void setMode(Path path, String mode) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    QmpClient monitor() {
        return monitor;
    }

    long pid() {
        return pid;
    }

    Path sockets() {
        return directory.resolve("net");
    }

    /** A redis-cli that holds one connection: commands in, answers out. */
    Process redisConnection() throws IOException {
        return new ProcessBuilder(client("redis-cli", "-h", GUEST))
                .redirectErrorStream(true)
                .start();
    }

    /** One Redis command over a connection of its own, given a second; "" if there is no answer. */
    String redis(String... command) {
        List<String> line = new ArrayList<>(List.of("timeout", "1", "redis-cli", "-h", GUEST));
        line.addAll(List.of(command));
        return output(client(line.toArray(String[]::new))).trim();
    }

    boolean pings(String address) {
        String ping = address.contains(":") ? "ping6" : "ping";
        return output(client("busybox", ping, "-c", "1", "-W", "1", address))
                .contains(" 0% packet loss");
    }

    /** What the client's kernel knows of its neighbour. */
    String neighbour(String address) {
        return output(client("ip", "neigh", "show", address.replaceAll("%.*", ""), "dev", "br0"));
    }

    void forgetNeighbours() {
        inNamespace("ip", "neigh", "flush", "dev", "br0");
    }

    /** Echo requests as fast as the client can, until destroyed. */
    Process flood(double pauseSeconds) throws IOException {
        // held replies would let the neighbour entry go stale, and the flood with it; the guest's
        // own
        // goes stale after some 30 s, so that the packets must be large enough to be done by then
        ip("neigh replace " + GUEST + " lladdr " + GUEST_MAC + " dev br0 nud permanent");
        String script =
                """
                import socket, struct, sys, time
                s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
                h = struct.pack('>BBHHH', 8, 0, 0, 7, 1) + bytes(1400)
                c = sum(struct.unpack('>704H', h)); c = ~(c + (c >> 16)) & 0xffff
                p = h[:2] + struct.pack('>H', c) + h[4:]
                while True:
                    s.sendto(p, ('%s', 0))
                    time.sleep(%s)
                """
                        .formatted(GUEST, pauseSeconds);
        return new ProcessBuilder(client("python3", "-c", script)).inheritIO().start();
    }

    List<String> client(String... command) {
        List<String> line = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        line.addAll(List.of(command));
        return line;
    }

    private void ip(String arguments) {
        inNamespace(("ip " + arguments).split(" ", -1));
    }

    void inNamespace(String... command) {
        run(client(command).toArray(String[]::new));
    }

    private static void run(String... command) {
        try {
            assertThat(new ProcessBuilder(command).inheritIO().start().waitFor())
                    .as(String.join(" ", command))
                    .isZero();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static String output(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).start();
            try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
                return String.join("\n", reader.lines().toList());
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static void until(long timeoutNanos, BooleanSupplier happened) {
        long deadline = System.nanoTime() + timeoutNanos;
        while (!happened.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).as("time left").isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    @Override
    public void close() {
        monitor.close();
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        run("ip", "netns", "del", namespace);
    }
}
