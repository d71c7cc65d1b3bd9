package remus.diskbuf.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import remus.domain.DiskSelection;
import remus.domain.DomainException;
import remus.domain.Finding;
import remus.domain.qemu.Monitor;
import remus.domain.qemu.QemuDisk;
import remus.domain.qemu.QemuDomain;
import remus.domain.qemu.QmpClient;

/** A running guest's disk is mirrored to a real NBD server. */
@Timeout(120)
final class MirrorJobIT {
    private static final long BYTES = 64L << 20;
    private static final String DRIVE = "-drive if=virtio,format=raw,file=IMAGE";

    private static final String BLOCKDEV =
            "-object iothread,id=t -blockdev driver=file,node-name=f,filename=IMAGE"
                    + " -blockdev driver=raw,node-name=n,file=f"
                    + " -device virtio-blk-pci,drive=n,id=d0,iothread=t";

    @TempDir Path directory;
    private final CompletableFuture<Boolean> ready = new CompletableFuture<>();
    private final CompletableFuture<String> ended = new CompletableFuture<>();

    private final MirrorJob.Listener listener =
            new MirrorJob.Listener() {
                @Override
                public void ready() {
                    ready.complete(true);
                }

                @Override
                public void ended(String reason) {
                    ended.complete(reason);
                }
            };

    private DiskGuest boot(String options, String format) throws IOException, InterruptedException {
        Path image = directory.resolve("source." + format);
        DiskGuest.run(
                "qemu-img", "create", "-q", "-f", format, image.toString(), Long.toString(BYTES));
        DiskGuest guest =
                DiskGuest.boot(directory, options.replace("IMAGE", image.toString()).split(" "));
        guest.ask("disk open vda");
        guest.ask("disk write 4000 4");
        return guest;
    }

    private MirrorJob mirror(QemuDomain domain, NbdServer server) throws Exception {
        List<QemuDisk> disks = domain.disks();
        assertThat(disks).hasSize(1);
        assertThat(disks.get(0).bytes()).isEqualTo(BYTES);
        MirrorJob job = new MirrorJob(domain.monitor(), disks.get(0), 0, listener);
        job.start(server.socket, NbdServer.EXPORT);
        return job;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                DRIVE + " | raw | virtio0",
                "-drive if=virtio,format=qcow2,discard=unmap,cache=none,file=IMAGE | qcow2 |"
                        + " virtio0",
                BLOCKDEV + " | raw | d0",
            })
    void everyConfirmedWriteIsAtTheTargetWhenStopReturns(String options, String format, String name)
            throws Exception {
        try (DiskGuest guest = boot(options, format);
                NbdServer server = new NbdServer(directory, BYTES);
                QemuDomain domain = guest.open()) {
            assertThat(domain.preflight()).allMatch(Finding::passed);
            Monitor monitor = domain.monitor();
            final String found = DiskGuest.graph(monitor);
            MirrorJob job = mirror(domain, server);
            assertThat(domain.disks()).extracting(QemuDisk::name).containsExactly(name);
            assertThat(ready.get(40, TimeUnit.SECONDS)).isTrue();
            assertThat(job.isReady()).isTrue();
            assertThat(job.progress().ready()).isTrue();
            assertThat(job.progress().totalBytes()).isGreaterThanOrEqualTo(BYTES);
            for (int lap = 0; lap < 5; lap++) {
                guest.awaitMoreWrites();
                monitor.execute("stop");
                monitor.execute(
                        "xen-save-devices-state",
                        Map.of("filename", directory.resolve("state").toString(), "live", false));
                assertThat(Files.mismatch(raw(format), server.image)).isEqualTo(-1);
                assertThat(monitor.execute("query-migrate").path("blocked-reasons")).isEmpty();
                monitor.execute("cont");
            }
            job.stop();
            assertThat(DiskGuest.graph(monitor)).isEqualTo(found);
            guest.awaitMoreWrites();
            guest.ask("disk stop");
            assertThat(guest.ask("disk check")).endsWith("wrong=0");
            assertThat(Files.mismatch(raw(format), server.image)).isNotNegative();
            assertThat(ended).isNotDone();
        }
    }

    /** So it goes the way of all disks, and nothing is written to it on the way. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "-drive if=virtio,format=raw,readonly=on,file=IMAGE",
                "-drive if=none,id=cd,format=raw,file=IMAGE,media=cdrom -device ide-cd,drive=cd",
                "-cdrom IMAGE",
            })
    void aMediumThatTheGuestCannotWriteIsMirroredLikeAnyOther(String options) throws Exception {
        Path iso = directory.resolve("medium.iso");
        byte[] content = new byte[8 << 20];
        new Random(4711).nextBytes(content);
        Files.write(iso, content);
        String[] words = options.replace("IMAGE", iso.toString()).split(" ");
        try (DiskGuest guest = DiskGuest.boot(directory, words);
                NbdServer server = new NbdServer(directory, content.length);
                QemuDomain domain = guest.open(new DiskSelection(List.of(), true))) {
            assertThat(domain.preflight()).allMatch(Finding::passed);
            Monitor monitor = domain.monitor();
            final String found = DiskGuest.graph(monitor);
            assertThat(domain.disks()).extracting(QemuDisk::writable).containsExactly(false);
            MirrorJob job = new MirrorJob(monitor, domain.disks().get(0), 0, listener);
            job.start(server.socket, NbdServer.EXPORT);
            assertThat(ready.get(40, TimeUnit.SECONDS)).isTrue();
            monitor.execute("stop");
            monitor.execute(
                    "xen-save-devices-state",
                    Map.of("filename", directory.resolve("state").toString(), "live", false));
            assertThat(monitor.execute("query-migrate").path("blocked-reasons")).isEmpty();
            monitor.execute("cont");
            assertThat(Files.readAllBytes(server.image)).isEqualTo(content);
            Map<String, ?> eject = Map.of("device", domain.disks().get(0).backend(), "force", true);
            assertThatThrownBy(() -> monitor.execute("eject", eject))
                    .isInstanceOf(DomainException.class);
            assertThat(domain.disks()).hasSize(1);
            job.stop();
            assertThat(DiskGuest.graph(monitor)).isEqualTo(found);
            assertThat(ended).isNotDone();
        }
        assertThat(Files.readAllBytes(iso)).isEqualTo(content);
    }

    private Path raw(String format) throws IOException, InterruptedException {
        Path image = directory.resolve("source." + format);
        if (format.equals("raw")) {
            return image;
        }
        Path raw = directory.resolve("converted.raw");
        DiskGuest.run("qemu-img", "convert", "-U", "-O", "raw", image.toString(), raw.toString());
        return raw;
    }

    @Test
    void theDeathOfTheServerIsHeardAndTheGuestGoesOn() throws Exception {
        try (DiskGuest guest = boot(DRIVE, "raw");
                QemuDomain domain = guest.open()) {
            final String found = DiskGuest.graph(domain.monitor());
            NbdServer server = new NbdServer(directory, BYTES);
            MirrorJob job = mirror(domain, server);
            assertThat(ready.get(40, TimeUnit.SECONDS)).isTrue();
            server.close();
            assertThat(ended.get(20, TimeUnit.SECONDS)).isEqualTo("Input/output error");
            assertThat(job.isReady()).isFalse();
            assertThatThrownBy(job::progress).hasMessageContaining("Input/output error");
            guest.awaitMoreWrites();
            job.stop();
            job.stop();
            assertThat(DiskGuest.graph(domain.monitor())).isEqualTo(found);
            try (NbdServer next = new NbdServer(directory, BYTES)) {
                MirrorJob again =
                        new MirrorJob(domain.monitor(), domain.disks().get(0), 0, listener);
                again.start(next.socket, NbdServer.EXPORT);
                DiskGuest.await("ready again", again::isReady);
                again.stop();
            }
        }
    }

    @Test
    void stopsThoughTheServerIsSilentAndTheGuestGoesOn() throws Exception {
        try (DiskGuest guest = boot(DRIVE, "raw");
                NbdServer server = new NbdServer(directory, BYTES);
                QemuDomain domain = guest.open()) {
            final String found = DiskGuest.graph(domain.monitor());
            MirrorJob job = mirror(domain, server);
            assertThat(ready.get(40, TimeUnit.SECONDS)).isTrue();
            server.fallSilent();
            guest.awaitNoMoreWrites();
            job.stop();
            assertThat(DiskGuest.graph(domain.monitor())).isEqualTo(found);
            guest.awaitMoreWrites();
            assertThat(ended).isNotDone();
        }
    }

    @Test
    void refusesADiskThatAJobOfSomebodyElseUses() throws Exception {
        try (DiskGuest guest = boot(DRIVE, "raw");
                NbdServer server = new NbdServer(directory, BYTES);
                QmpClient owner = guest.owner();
                QemuDomain domain = guest.open()) {
            final QemuDisk disk = domain.disks().get(0);
            owner.execute(
                    "blockdev-add", Map.of("driver", "null-co", "node-name", "o", "size", BYTES));
            owner.execute(
                    "blockdev-mirror",
                    Map.of(
                            "job-id",
                            "mine",
                            "device",
                            disk.node(),
                            "target",
                            "o",
                            "sync",
                            "full",
                            "speed",
                            1000));
            final String found = DiskGuest.graph(owner).replaceAll("\\[.*", "");
            assertThat(domain.preflight())
                    .filteredOn(f -> !f.passed())
                    .extracting(Finding::code)
                    .contains("block-job-in-progress");
            MirrorJob job = new MirrorJob(domain.monitor(), disk, 0, listener);
            assertThatThrownBy(() -> job.start(server.socket, NbdServer.EXPORT))
                    .isInstanceOfSatisfying(
                            DomainException.class, e -> assertThat(e.code()).isEqualTo("block-job"))
                    .hasMessageContaining("mine (mirror)");
            assertThat(DiskGuest.graph(owner).replaceAll("\\[.*", "")).isEqualTo(found);
            assertThat(owner.execute("query-block-jobs")).hasSize(1);
        }
    }

    @Test
    void saysWhyItCannotStart() throws Exception {
        try (DiskGuest guest = boot(DRIVE, "raw");
                QemuDomain domain = guest.open()) {
            final String found = DiskGuest.graph(domain.monitor());
            MirrorJob job = new MirrorJob(domain.monitor(), domain.disks().get(0), 0, listener);
            assertThatThrownBy(() -> job.start(directory.resolve("nobody"), "x"))
                    .isInstanceOfSatisfying(
                            DomainException.class,
                            e -> assertThat(e.code()).isEqualTo("mirror-refused"))
                    .hasMessageContaining("nobody");
            assertThat(DiskGuest.graph(domain.monitor())).isEqualTo(found);
        }
    }

    @Test
    void aLaterLifeTakesAwayWhatADeadOneLeft() throws Exception {
        try (DiskGuest guest = boot(BLOCKDEV, "raw")) {
            String found;
            try (QmpClient owner = guest.owner()) {
                found = DiskGuest.graph(owner);
            }
            try (NbdServer server = new NbdServer(directory, BYTES);
                    QemuDomain dead = guest.open()) {
                mirror(dead, server);
                assertThat(ready.get(40, TimeUnit.SECONDS)).isTrue();
                dead.monitor().close(); // as its process's end would do
                try (QmpClient owner = guest.owner()) {
                    assertThat(owner.execute("query-block-jobs")).hasSize(1);
                }
                try (QemuDomain next = guest.open()) {
                    assertThat(next.disks()).extracting(QemuDisk::node).containsExactly("n");
                    assertThat(next.preflight()).allMatch(Finding::passed);
                    assertThat(DiskGuest.graph(next.monitor())).isNotEqualTo(found);
                    next.attach();
                    assertThat(DiskGuest.graph(next.monitor())).isEqualTo(found);
                }
            }
            guest.awaitMoreWrites();
        }
    }
}
