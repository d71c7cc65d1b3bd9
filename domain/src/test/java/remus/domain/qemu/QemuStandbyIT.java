package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import remus.domain.DomainException;
import remus.domain.MemoryRegion;
import remus.domain.Slab;
import remus.domain.StandbySpec;
import remus.domain.linux.NetInterface;

/** A real guest goes on in a standby. One checkpoint of one primary serves all tests. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class QemuStandbyIT {
    private static final long RAM = 256L << 20;
    private static final int CHUNK_PAGES = Slab.PAGES;
    private static final byte[] ZEROS = new byte[CHUNK_PAGES * Slab.PAGE_BYTES];
    private static final Pattern TICK = Pattern.compile("tick (\\d+) ");
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final String TAP =
            "rmsb" + Long.toString(ProcessHandle.current().pid(), 36) + "a";
    private static final String STANDBY_TAP = TAP.substring(0, TAP.length() - 1) + "b";

    @TempDir static Path directory;
    private final List<ProcessHandle> started = new ArrayList<>();
    private List<QemuStandbySpec.Block> blocks;
    private List<byte[]> contents;
    private byte[] deviceState;
    private StandbySpec spec;
    private int checkpointTick;
    private Path runDirectory;
    private Path serial;
    private StandbySettings settings;

    @BeforeAll
    void checkpointAPrimary() throws IOException, InterruptedException {
        sh("ip", "tuntap", "add", "dev", TAP, "mode", "tap");
        sh("ip", "tuntap", "add", "dev", STANDBY_TAP, "mode", "tap");
        List<String> argv =
                List.of(
                                ("qemu-system-x86_64 -name standby-it -accel tcg -machine q35 -m"
                                     + " 256 -display none -nodefaults -vga std -serial file:"
                                                + directory.resolve("a.serial")
                                                + " -qmp unix:"
                                                + directory.resolve("a.qmp")
                                                + ",server=on,wait=off -pidfile "
                                                + directory.resolve("a.pid")
                                                + " -kernel "
                                                + System.getProperty("remus.guest.kernel")
                                                + " -initrd "
                                                + System.getProperty("remus.guest.initrd")
                                                + " -append console=ttyS0#panic=-1 -device"
                                                + " virtio-net-pci,netdev=n0,romfile= -netdev"
                                                + " tap,id=n0,ifname="
                                                + TAP
                                                + ",script=no,downscript=no -daemonize")
                                        .split(" "))
                        .stream()
                        .map(word -> word.replace('#', ' '))
                        .toList();
        sh(argv.toArray(String[]::new));
        long pid = Long.parseLong(Files.readString(directory.resolve("a.pid")).trim());
        ProcessHandle primary = ProcessHandle.of(pid).orElseThrow();
        started.add(primary);
        try (QmpClient monitor = QmpClient.connect(directory.resolve("a.qmp"))) {
            awaitSerial(directory.resolve("a.serial"), "tick 3 ", 0);
            monitor.execute("stop");
            monitor.execute(
                    "xen-save-devices-state",
                    Map.of("filename", directory.resolve("state").toString(), "live", false));
            deviceState = Files.readAllBytes(directory.resolve("state"));
            blocks =
                    List.of(
                            new QemuStandbySpec.Block("pc.ram", 0, RAM, RAM),
                            new QemuStandbySpec.Block("pc.bios", 0xfffc0000L, 1 << 18, 1 << 18),
                            new QemuStandbySpec.Block("vga.vram", 0xfd000000L, 16 << 20, 16 << 20));
            contents = new ArrayList<>();
            try (FileChannel mem = FileChannel.open(Path.of("/proc/" + pid + "/mem"))) {
                for (QemuStandbySpec.Block block : blocks) {
                    contents.add(read(mem, monitor, block));
                }
            }
            checkpointTick = lastTick(directory.resolve("a.serial"));
        }
        destroy(primary);
        spec = describe(argv);
    }

    private StandbySpec describe(List<String> argv) {
        QemuStandbySpec description =
                new QemuStandbySpec(
                        argv,
                        "/",
                        "7.2.22",
                        "pc-q35-7.2",
                        "qemu64-x86_64-cpu",
                        blocks,
                        List.of(),
                        List.of("virtio-net-pci"),
                        List.of(),
                        List.of());
        return new StandbySpec(
                "standby-it",
                "00000000-0000-0000-0000-000000000001",
                "qemu",
                description.toJson(),
                blocks.stream().map(b -> new MemoryRegion(b.name(), b.bytes())).toList(),
                List.of());
    }

    @BeforeEach
    void settings() throws IOException {
        runDirectory = Files.createTempDirectory(directory, "r");
        serial = directory.resolve(runDirectory.getFileName() + ".serial");
        settings =
                new StandbySettings(
                        MEMORY,
                        runDirectory,
                        Map.of(TAP, STANDBY_TAP),
                        Map.of(directory.resolve("a.serial").toString(), serial.toString()),
                        List.of(),
                        false,
                        10_000_000_000L,
                        5_000_000_000L);
        new NetInterface(STANDBY_TAP).up(true);
    }

    @AfterEach
    void nothingStays() throws IOException {
        started.forEach(QemuStandbyIT::destroy);
        try (Stream<Path> files = Files.list(MEMORY)) {
            assertThat(files.filter(f -> f.toString().contains("remus-standby-"))).isEmpty();
        }
    }

    @AfterAll
    void removeTaps() throws IOException, InterruptedException {
        sh("ip", "link", "del", TAP);
        sh("ip", "link", "del", STANDBY_TAP);
    }

    @Test
    void theGuestGoesOnAndBootsAgain() throws IOException, InterruptedException {
        NetInterface tap = new NetInterface(STANDBY_TAP);
        QemuStandby standby = QemuStandby.create(spec, List.of(), settings);
        started.add(ProcessHandle.of(standby.identity().pid()).orElseThrow());
        feed(standby);
        standby.devices(deviceParts(deviceState));
        assertThat(tap.isUp()).isFalse();
        standby.load();
        assertThat(tap.isUp()).isFalse();
        standby.run();
        assertThat(tap.isUp()).isTrue();
        awaitSerial(serial, "tick " + (checkpointTick + 2) + " ", 0);
        assertThat(Files.readString(serial)).doesNotContain("Linux version");
        standby.close();
        try (QmpClient monitor = QmpClient.connect(standby.monitorSocket())) {
            assertThat(monitor.execute("query-status").path("status").asText())
                    .isEqualTo("running");
            long before = Files.size(serial);
            monitor.execute("system_reset");
            awaitSerial(serial, "Linux version", before);
            awaitSerial(serial, "tick 1 ", before);
        }
    }

    /** The agent died after it had decided, before or after its {@code cont}. */
    @Test
    void whatWasAboutToRunRunsInTheNextLife() throws Exception {
        QemuStandby standby = QemuStandby.create(spec, List.of(), settings);
        started.add(ProcessHandle.of(standby.identity().pid()).orElseThrow());
        feed(standby);
        standby.devices(deviceParts(deviceState));
        standby.load();
        Path own = standby.monitorSocket().getParent();
        StandbyLeftovers.starts(own);
        standby.abandon();
        new StandbyLeftovers(settings).settle(List.of(), pid -> true);
        assertThat(new NetInterface(STANDBY_TAP).isUp()).isTrue();
        awaitSerial(serial, "tick " + (checkpointTick + 2) + " ", 0);
        try (QmpClient owner = QmpClient.connect(standby.monitorSocket())) {
            owner.execute("stop");
        }
        new StandbyLeftovers(settings).settle(List.of(), pid -> true);
        try (QmpClient owner = QmpClient.connect(standby.monitorSocket())) {
            assertThat(owner.execute("query-status").path("status").asText())
                    .as("its owner's pause")
                    .isEqualTo("paused");
        }
    }

    @Test
    void takesOverWithinMilliseconds() throws IOException {
        int rounds = 11;
        double[] load = new double[rounds];
        double[] run = new double[rounds];
        double[] both = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            try (QemuStandby standby = QemuStandby.create(spec, List.of(), settings)) {
                ProcessHandle process = ProcessHandle.of(standby.identity().pid()).orElseThrow();
                started.add(process);
                feed(standby);
                standby.devices(deviceParts(deviceState));
                long start = System.nanoTime();
                standby.load();
                long loaded = System.nanoTime();
                standby.run();
                long running = System.nanoTime();
                load[i] = (loaded - start) / 1e6;
                run[i] = (running - loaded) / 1e6;
                both[i] = (running - start) / 1e6;
                destroy(process);
            }
        }
        System.out.printf("first: load %.1f ms, run %.1f ms%n", load[0], run[0]);
        Arrays.sort(load);
        Arrays.sort(run);
        Arrays.sort(both);
        System.out.printf(
                "p50 of %d: load %.1f ms, run %.1f ms, both %.1f ms (max %.1f)%n",
                rounds, load[rounds / 2], run[rounds / 2], both[rounds / 2], both[rounds - 1]);
        assertThat(both[rounds / 2]).isLessThan(50);
    }

    @Test
    void badDeviceStateLeavesNothingBehind() throws IOException {
        byte[] corrupt = deviceState.clone();
        Arrays.fill(corrupt, 5, 400, (byte) 0xff);
        ProcessHandle process;
        try (QemuStandby standby = QemuStandby.create(spec, List.of(), settings)) {
            process = ProcessHandle.of(standby.identity().pid()).orElseThrow();
            started.add(process);
            feed(standby);
            standby.devices(deviceParts(corrupt));
            assertThatThrownBy(standby::load)
                    .isInstanceOfSatisfying(
                            DomainException.class,
                            e -> assertThat(e.code()).isEqualTo("load-failed"))
                    .hasMessageContaining("QEMU says: ")
                    .hasMessageContaining("load of migration failed");
        }
        assertThat(process.isAlive()).isFalse();
        assertThat(runDirectory).isEmptyDirectory();
        assertThat(new NetInterface(STANDBY_TAP).isUp()).isTrue();
    }

    @Test
    void saysWhenItsProcessDies() throws InterruptedException {
        CountDownLatch lost = new CountDownLatch(1);
        try (QemuStandby standby = QemuStandby.create(spec, List.of(), settings)) {
            standby.onLost(lost::countDown);
            ProcessHandle.of(standby.identity().pid()).orElseThrow().destroyForcibly();
            assertThat(lost.await(5, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(runDirectory).isEmptyDirectory();
    }

    @Test
    void closingIsNotLosing() throws InterruptedException {
        CountDownLatch lost = new CountDownLatch(1);
        ProcessHandle process;
        try (QemuStandby standby = QemuStandby.create(spec, List.of(), settings)) {
            standby.onLost(lost::countDown);
            process = ProcessHandle.of(standby.identity().pid()).orElseThrow();
            assertThat(process.parent().map(ProcessHandle::pid))
                    .isNotEqualTo(Optional.of(ProcessHandle.current().pid()));
        }
        assertThat(process.isAlive()).isFalse();
        assertThat(lost.getCount()).isEqualTo(1);
        assertThat(new NetInterface(STANDBY_TAP).isUp()).isTrue();
    }

    @Test
    void aQemuThatDoesNotStartSaysWhy() {
        StandbySpec odd =
                new StandbySpec(
                        spec.name(),
                        spec.uuid(),
                        "qemu",
                        spec.spec().replace("\"-vga\",\"std\"", "\"-vga\",\"nonsense\""),
                        spec.regions(),
                        List.of());
        assertThatThrownBy(() -> QemuStandby.create(odd, List.of(), settings))
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> assertThat(e.code()).isEqualTo("standby-not-started"))
                .hasMessageContaining("nonsense");
        assertThat(runDirectory).isEmptyDirectory();
        assertThat(new NetInterface(STANDBY_TAP).isUp()).isTrue();
    }

    private void feed(QemuStandby standby) {
        for (int region = 0; region < contents.size(); region++) {
            byte[] bytes = contents.get(region);
            int pages = bytes.length / Slab.PAGE_BYTES;
            for (int page = 0; page < pages; page += CHUNK_PAGES) {
                int count = Math.min(CHUNK_PAGES, pages - page);
                int from = page * Slab.PAGE_BYTES;
                int length = count * Slab.PAGE_BYTES;
                boolean zero = Arrays.equals(bytes, from, from + length, ZEROS, 0, length);
                ByteBuffer payload = ByteBuffer.allocate(Slab.RUN_BYTES + length);
                payload.putInt(page).putInt(zero ? Slab.ZERO_RUN | count : count);
                if (!zero) {
                    payload.put(bytes, from, length);
                }
                standby.writePages(region, 1, Unpooled.wrappedBuffer(payload.flip()));
            }
        }
    }

    private static List<ByteBuf> deviceParts(byte[] state) {
        return List.of(
                Unpooled.wrappedBuffer(state, 0, 1000),
                Unpooled.wrappedBuffer(state, 1000, state.length - 1000));
    }

    private static byte[] read(FileChannel mem, Monitor monitor, QemuStandbySpec.Block block)
            throws IOException {
        String answer = monitor.human("gpa2hva 0x" + Long.toHexString(block.guestPhysical()));
        long address = Long.parseLong(answer.replaceAll("(?s).* is 0x", "").trim(), 16);
        ByteBuffer bytes = ByteBuffer.allocate((int) block.bytes());
        while (bytes.hasRemaining()) {
            mem.read(bytes, address + bytes.position());
        }
        return bytes.array();
    }

    private static int lastTick(Path file) throws IOException {
        Matcher matcher = TICK.matcher(Files.readString(file));
        int last = 0;
        while (matcher.find()) {
            last = Integer.parseInt(matcher.group(1));
        }
        return last;
    }

    /** QEMU writes the file by itself, so it can only be looked at again and again. */
    private static void awaitSerial(Path file, String text, long from)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        String seen = "";
        while (!seen.contains(text)) {
            assertThat(System.nanoTime()).as(text + " in " + seen).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(20);
            byte[] bytes = Files.readAllBytes(file);
            seen =
                    new String(
                            bytes,
                            (int) from,
                            bytes.length - (int) from,
                            StandardCharsets.ISO_8859_1);
        }
    }

    private static void destroy(ProcessHandle process) {
        process.destroyForcibly();
        process.onExit().join();
    }

    private static void sh(String... words) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(words).inheritIO().start();
        assertThat(process.waitFor()).as(List.of(words).toString()).isZero();
    }
}
