package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import remus.domain.Domain;
import remus.domain.DomainIdentity;
import remus.domain.Slab;
import remus.domain.SlabPool;

/** A guest with UEFI firmware in flash memory, as libvirt starts it (Debian's package ovmf). */
@Timeout(300)
final class OvmfIT {
    private static final Path FIRMWARE = Path.of("/usr/share/OVMF");

    @TempDir static Path directory;

    @Test
    void aTakenOverGuestWithUefiFirmwareBootsAgain() throws Exception {
        Path variables = Files.copy(FIRMWARE.resolve("OVMF_VARS.fd"), directory.resolve("vars"));
        Path theirs = Files.copy(variables, directory.resolve("standby-vars"));
        Path serial = directory.resolve("standby-serial");
        Path run = Files.createDirectory(directory.resolve("run"));
        SlabPool pool = new SlabPool(64 << 20);
        try (TestGuest guest = TestGuest.boot(firmware(variables))) {
            StandbySettings settings =
                    new StandbySettings(
                            Path.of("/dev/shm"),
                            run,
                            Map.of(),
                            Map.of(
                                    variables.toString(),
                                    theirs.toString(),
                                    guest.directory.resolve("serial").toString(),
                                    serial.toString()),
                            List.of(),
                            false,
                            20_000_000_000L,
                            20_000_000_000L);
            QemuHypervisor hypervisor =
                    new QemuHypervisor(
                            Path.of("/dev/shm/remus-it"), false, new QemuStandbys(settings));
            try (Domain domain = hypervisor.open(guest.qmp().toString())) {
                assertThat(hypervisor.checkStandby(domain.standbySpec()))
                        .allSatisfy(f -> assertThat(f.passed()).as(f.problem()).isTrue());
                QemuStandby standby = QemuStandby.create(domain.standbySpec(), List.of(), settings);
                DomainIdentity identity = standby.identity();
                try {
                    feed(domain, new Feed(standby, pool));
                    int tick = guest.ticks();
                    guest.end();
                    standby.load();
                    standby.run();
                    goesOnAndBoots(standby, serial, tick);
                } finally {
                    ProcessHandle.of(identity.pid()).ifPresent(ProcessHandle::destroyForcibly);
                    standby.close();
                }
            }
        }
    }

    private static String[] firmware(Path variables) {
        return new String[] {
            "-machine",
            "pflash0=libvirt-pflash0-format,pflash1=libvirt-pflash1-format",
            "-blockdev",
            "driver=file,node-name=libvirt-pflash0-storage,read-only=on,filename="
                    + FIRMWARE.resolve("OVMF_CODE.fd"),
            "-blockdev",
            "driver=raw,node-name=libvirt-pflash0-format,read-only=on,file=libvirt-pflash0-storage",
            "-blockdev",
            "driver=file,node-name=libvirt-pflash1-storage,filename=" + variables,
            "-blockdev",
            "driver=raw,node-name=libvirt-pflash1-format,file=libvirt-pflash1-storage"
        };
    }

    private static void feed(Domain domain, Feed feed) {
        domain.attach();
        domain.precopy(feed);
        feed.apply();
        assertThat(domain.suspend()).isTrue();
        domain.saveDevices();
        domain.harvest();
        domain.copy(feed);
        domain.stageDevices(feed);
        feed.apply();
        feed.complete();
    }

    private static void goesOnAndBoots(QemuStandby standby, Path serial, int tick) {
        TestGuest.await("it goes on", () -> said(serial, 0).contains("tick " + (tick + 2) + " "));
        assertThat(said(serial, 0)).doesNotContain("Linux version");
        int before = said(serial, 0).length();
        standby.close(); // a monitor serves one client
        try (QmpClient owner = QmpClient.connect(standby.monitorSocket())) {
            owner.execute("system_reset");
        }
        // the firmware itself takes many seconds under emulation
        TestGuest.await("its firmware", () -> said(serial, before).contains("EFI stub"));
        TestGuest.await("its kernel", () -> said(serial, before).contains("Linux version"));
        TestGuest.await("its user space", () -> said(serial, before).contains("tick 1 "));
    }

    private static String said(Path serial, int from) {
        try {
            return Files.readString(serial, java.nio.charset.StandardCharsets.ISO_8859_1)
                    .substring(from);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Hands what is staged to a standby, as the backup's agent does. */
    private static final class Feed extends StandbyImage {
        private final QemuStandby standby;
        private final List<ByteBuf> devices = new ArrayList<>();

        Feed(QemuStandby standby, SlabPool pool) {
            super(List.of(), pool);
            this.standby = standby;
        }

        @Override
        void pages(Slab slab, ByteBuffer payload) {
            standby.writePages(slab.region(), slab.runs(), Unpooled.wrappedBuffer(payload));
        }

        @Override
        void devices(ByteBuffer payload) {
            devices.add(Unpooled.copiedBuffer(payload));
        }

        void complete() {
            standby.devices(devices);
        }
    }
}
