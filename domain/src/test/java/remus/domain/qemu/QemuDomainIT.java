package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import remus.domain.Domain;
import remus.domain.DomainEvent;
import remus.domain.DomainException;
import remus.domain.Finding;
import remus.domain.SlabPool;
import remus.domain.Standby;
import remus.domain.StandbySpec;
import remus.domain.linux.AddressRange;

@Timeout(120)
final class QemuDomainIT {
    private static final int LAPS = 200;
    private static final String[] PHASES = {
        "suspend", "save", "harvest", "copy", "resume", "whole pause"
    };

    private final Path directory = Path.of("/dev/shm/remus-it");
    private final SlabPool pool = new SlabPool(64 << 20);

    private QemuHypervisor hypervisor() {
        return new QemuHypervisor(
                directory,
                false,
                new QemuHypervisor.Standbys() {
                    @Override
                    public List<Finding> check(StandbySpec spec) {
                        return List.of();
                    }

                    @Override
                    public Standby create(StandbySpec spec, List<Path> images) {
                        throw new AssertionError("not asked for");
                    }
                });
    }

    private Domain open(TestGuest guest) {
        return hypervisor().open(guest.qmp().toString());
    }

    @Test
    void replicatesMemoryExactlyOver200Checkpoints() throws Exception {
        try (TestGuest guest = TestGuest.boot();
                Domain domain = open(guest)) {
            StandbySpec spec = domain.standbySpec();
            StandbyImage image = new StandbyImage(spec.regions(), pool);
            domain.attach();
            long seeded = domain.precopy(image);
            image.apply();
            assertThat(seeded).isEqualTo(spec.regions().stream().mapToLong(r -> r.pages()).sum());
            long[][] nanos = new long[PHASES.length][LAPS];
            long pages = 0;
            for (int lap = 0; lap < LAPS; lap++) {
                pages += lap(domain, image, nanos, lap);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
            report(nanos, pages);
            assertThat(image.deviceBytes).isPositive();
            assertThat(domain.clockLagNanos()).isPositive();

            assertThat(domain.suspend()).isTrue();
            domain.saveDevices();
            domain.harvest();
            domain.copy(image);
            image.apply();
            assertEqualMemory(guest, QemuStandbySpec.fromJson(spec.spec()), image);
            assertThat(domain.resume()).isTrue();
            int ticks = guest.ticks();
            TestGuest.await("the guest goes on", () -> guest.ticks() > ticks);
        }
    }

    /** The kernel refuses such a process a userfaultfd that would see its own faults. */
    @Test
    void replicatesAGuestWhoseQemuIsNotRunByRoot() throws Exception {
        assertThat(Files.readString(Path.of("/proc/sys/vm/unprivileged_userfaultfd")).trim())
                .as("else there is no trap to avoid")
                .isEqualTo("0");
        try (TestGuest guest = TestGuest.boot("-runas", "nobody")) {
            assertThat(Files.readString(Path.of("/proc/" + guest.pid + "/status")))
                    .containsPattern("Uid:\\s+65534\\s+65534\\s+65534")
                    .containsPattern("CapEff:\\s+0+\n");
            try (Domain domain = open(guest)) {
                StandbySpec spec = domain.standbySpec();
                StandbyImage image = new StandbyImage(spec.regions(), pool);
                domain.attach();
                domain.precopy(image);
                image.apply();
                long[][] nanos = new long[PHASES.length][LAPS];
                long pages = 0;
                // an idle guest may write nothing for a second
                for (int lap = 0; lap < 20 || (pages == 0 && lap < 500); lap++) {
                    pages += lap(domain, image, nanos, lap % LAPS);
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                }
                assertThat(pages).isPositive();
                assertThat(domain.suspend()).isTrue();
                domain.saveDevices();
                domain.harvest();
                domain.copy(image);
                image.apply();
                assertEqualMemory(guest, QemuStandbySpec.fromJson(spec.spec()), image);
                assertThat(domain.resume()).isTrue();
            }
            assertThat(guest.openFiles()).doesNotContain("anon_inode:[userfaultfd]");
        }
    }

    private static long lap(Domain domain, StandbyImage image, long[][] nanos, int lap) {
        long t0 = System.nanoTime();
        assertThat(domain.suspend()).isTrue();
        long t1 = System.nanoTime();
        domain.saveDevices();
        long t2 = System.nanoTime();
        final long pages = domain.harvest();
        long t3 = System.nanoTime();
        domain.copy(image);
        long t4 = System.nanoTime();
        final boolean whole = domain.resume();
        long t5 = System.nanoTime();
        assertThat(whole).isTrue();
        long[] at = {t1 - t0, t2 - t1, t3 - t2, t4 - t3, t5 - t4, t5 - t0};
        for (int phase = 0; phase < at.length; phase++) {
            nanos[phase][lap] = at[phase];
        }
        domain.stageDevices(image);
        image.apply();
        return pages;
    }

    private static void report(long[][] nanos, long pages) {
        for (int phase = 0; phase < PHASES.length; phase++) {
            Arrays.sort(nanos[phase]);
            System.out.printf(
                    "%-12s p50 %5d us  p99 %5d us%n",
                    PHASES[phase],
                    nanos[phase][LAPS / 2] / 1000,
                    nanos[phase][LAPS * 99 / 100] / 1000);
        }
        System.out.println("pages per lap " + pages / LAPS);
    }

    /** Compares with the memory of the stopped guest, read another way than the copy was. */
    private static void assertEqualMemory(TestGuest guest, QemuStandbySpec spec, StandbyImage image)
            throws IOException {
        QemuMemoryMap map;
        try (QmpClient owner = guest.owner()) {
            map = QemuMemoryMap.read(owner);
        }
        assertThat(map.blocks()).isEqualTo(spec.memory());
        try (RandomAccessFile file = new RandomAccessFile("/proc/" + guest.pid + "/mem", "r");
                FileChannel memory = file.getChannel()) {
            for (int region = 0; region < map.blocks().size(); region++) {
                AddressRange range = map.addresses().get(region);
                ByteBuffer expected = ByteBuffer.allocateDirect((int) range.bytes());
                while (expected.hasRemaining()) {
                    memory.read(expected, range.start() + expected.position());
                }
                int difference = expected.flip().mismatch(image.regions.get(region).duplicate());
                assertThat(difference).as(map.blocks().get(region).name()).isEqualTo(-1);
            }
        }
    }

    @Test
    void leavesQemuAsItWasFound() throws Exception {
        try (TestGuest guest = TestGuest.boot()) {
            List<String> files = guest.openFiles();
            String chardevs;
            String objects;
            try (QmpClient owner = guest.owner()) {
                chardevs = owner.execute("query-chardev").toString();
                objects = owner.human("info qom-tree /objects");
            }
            try (Domain domain = open(guest)) {
                StandbyImage image = new StandbyImage(domain.standbySpec().regions(), pool);
                domain.attach();
                assertThat(guest.openFiles()).contains("anon_inode:[userfaultfd]");
                long all = domain.precopy(image);
                image.apply();
                domain.attach();
                assertThat(domain.precopy(image)).as("after attaching again").isEqualTo(all);
                image.apply();
            }
            TestGuest.await(
                    "our connection is gone from QEMU",
                    () -> {
                        try {
                            return guest.openFiles().size() == files.size();
                        } catch (IOException e) {
                            return false;
                        }
                    });
            assertThat(guest.openFiles()).doesNotContain("anon_inode:[userfaultfd]");
            try (QmpClient owner = guest.owner()) {
                assertThat(owner.human("info qom-tree /objects")).isEqualTo(objects);
                assertThat(owner.execute("query-chardev").size())
                        .isEqualTo(chardevs.split("label", -1).length - 1);
                assertThat(owner.execute("query-status").path("status").asText())
                        .isEqualTo("running");
            }
        }
    }

    @Test
    void refusesADeviceThatQemuCannotSaveAndTheGuestLives() throws Exception {
        Path disk = Files.createTempFile("remus", ".img");
        Files.write(disk, new byte[1 << 20]);
        try (TestGuest guest =
                        TestGuest.start(
                                "-drive",
                                "if=none,id=d,format=raw,readonly=on,file=" + disk,
                                "-device",
                                "nvme,drive=d,serial=1");
                Domain domain = open(guest)) {
            assertThatThrownBy(domain::attach)
                    .hasMessageContaining("nvme")
                    .isInstanceOfSatisfying(
                            DomainException.class,
                            e -> assertThat(e.code()).isEqualTo("migration-blocked"));
            assertThatThrownBy(domain::suspend).hasMessageContaining("nvme");
            assertThatThrownBy(domain::standbySpec).hasMessageContaining("nvme");
            guest.awaitSerial("tick 1 ");
        } finally {
            Files.delete(disk);
        }
    }

    @Test
    void leavesAGuestThatItsOwnerStoppedAlone() throws Exception {
        List<DomainEvent> events = new CopyOnWriteArrayList<>();
        try (TestGuest guest = TestGuest.boot();
                QmpClient owner = guest.owner();
                Domain domain = open(guest)) {
            domain.onEvent(events::add);
            domain.attach();
            owner.execute("stop");
            TestGuest.await("STOPPED", () -> has(events, DomainEvent.Kind.STOPPED));
            assertThat(domain.suspend()).isFalse();
            assertThat(domain.resume()).isFalse();
            assertThat(owner.execute("query-status").path("status").asText()).isEqualTo("paused");
            owner.execute("cont");
            TestGuest.await("RESUMED", () -> has(events, DomainEvent.Kind.RESUMED));

            assertThat(domain.suspend()).isTrue();
            domain.saveDevices();
            owner.execute("cont");
            assertThat(domain.resume()).as("an epoch that somebody else resumed").isFalse();
            assertThat(owner.execute("query-status").path("status").asText()).isEqualTo("running");
        }
    }

    private static boolean has(List<DomainEvent> events, DomainEvent.Kind kind) {
        return events.stream().anyMatch(e -> e.kind() == kind);
    }

    @Test
    void tellsRebootPowerOffAndLoss() throws Exception {
        List<DomainEvent> events = new CopyOnWriteArrayList<>();
        try (TestGuest guest = TestGuest.boot();
                QmpClient owner = guest.owner();
                Domain domain = open(guest)) {
            domain.onEvent(events::add);
            domain.attach();
            owner.execute("system_reset");
            TestGuest.await("RESET", () -> has(events, DomainEvent.Kind.RESET));
            ProcessHandle.of(guest.pid).ifPresent(ProcessHandle::destroyForcibly);
            TestGuest.await("LOST", () -> has(events, DomainEvent.Kind.LOST));
            assertThat(has(events, DomainEvent.Kind.SHUTDOWN)).isFalse();
        }
    }

    @Test
    void doesNotCallLostWhatItsOwnerSwitchedOff() throws Exception {
        List<DomainEvent> events = new CopyOnWriteArrayList<>();
        try (TestGuest guest = TestGuest.start();
                QmpClient owner = guest.owner();
                Domain domain = open(guest)) {
            domain.onEvent(events::add);
            domain.attach();
            assertThat(domain.preflight()).allMatch(Finding::passed);
            owner.execute("quit");
            TestGuest.await("SHUTDOWN", () -> has(events, DomainEvent.Kind.SHUTDOWN));
            TestGuest.await("the end of QEMU", () -> guest.openFilesOrNone().isEmpty());
            assertThat(has(events, DomainEvent.Kind.LOST)).isFalse();
        }
    }

    @Test
    void listsTheGuestAmongTheDomains() throws Exception {
        try (TestGuest guest = TestGuest.start();
                TestGuest standby = TestGuest.start("-S", "-incoming", "defer")) {
            assertThat(hypervisor().domains())
                    .filteredOn(d -> d.identity().pid() == guest.pid)
                    .singleElement()
                    .satisfies(
                            d -> {
                                assertThat(d.identity().name()).isEqualTo(guest.name);
                                assertThat(d.findings()).isEmpty();
                                assertThat(d.memoryBytes()).isEqualTo(256L << 20);
                            });
            assertThat(hypervisor().domains()).noneMatch(d -> d.identity().pid() == standby.pid);
        }
    }

    @Test
    void resumesAGuestThatADeadAgentLeftSuspended() throws Exception {
        try (TestGuest guest = TestGuest.boot()) {
            Domain dead = open(guest);
            dead.attach();
            assertThat(dead.suspend()).isTrue();
            // its monitor goes as it does with its process; nothing else of it is let go
            ((QemuDomain) dead).abandon();
            try (QmpClient owner = guest.owner()) {
                assertThat(owner.execute("query-status").path("status").asText())
                        .isEqualTo("paused");
                try (Domain next = open(guest)) {
                    assertThat(owner.execute("query-status").path("status").asText())
                            .isEqualTo("running");
                    next.attach();
                    assertThat(guest.openFiles())
                            .filteredOn("anon_inode:[userfaultfd]"::equals)
                            .hasSize(1);
                    StandbyImage image = new StandbyImage(next.standbySpec().regions(), pool);
                    assertThat(next.precopy(image)).isGreaterThan(65536);
                    image.apply();
                }
            }
            assertThat(guest.openFiles()).doesNotContain("anon_inode:[userfaultfd]");
        }
    }

    @Test
    void survivesTheAgentsDeathInTheMiddleOfArming() throws Exception {
        long seed = Long.getLong("rng.seed", System.nanoTime());
        System.out.println("-Drng.seed=" + seed);
        Random random = new Random(seed);
        try (TestGuest guest = TestGuest.boot()) {
            AddressRange ram;
            try (QmpClient owner = guest.owner()) {
                ram = QemuMemoryMap.read(owner).addresses().get(0);
            }
            for (int death = 0; death < 8; death++) {
                Process agent =
                        new ProcessBuilder(
                                        Path.of(System.getProperty("java.home"), "bin", "java")
                                                .toString(),
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        InjectForEver.class.getName(),
                                        Long.toString(guest.pid),
                                        Long.toString(ram.start()),
                                        Long.toString(ram.bytes()))
                                .redirectError(ProcessBuilder.Redirect.INHERIT)
                                .start();
                assertThat(agent.getInputStream().read()).isPositive();
                LockSupport.parkNanos(random.nextInt(5_000_000));
                agent.destroyForcibly().waitFor();
                int ticks = guest.ticks();
                TestGuest.await("the guest goes on", () -> guest.ticks() > ticks);
                try (QmpClient owner = guest.owner()) {
                    assertThat(owner.execute("query-status").path("running").asBoolean()).isTrue();
                }
            }
            try (Domain domain = open(guest)) {
                domain.attach();
                assertThat(guest.openFiles())
                        .filteredOn("anon_inode:[userfaultfd]"::equals)
                        .hasSize(1);
            }
            assertThat(guest.openFiles()).doesNotContain("anon_inode:[userfaultfd]");
        }
    }
}
