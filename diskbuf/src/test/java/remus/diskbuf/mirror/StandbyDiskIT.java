package remus.diskbuf.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import remus.domain.Disk;
import remus.domain.Slab;
import remus.domain.SlabPool;
import remus.domain.Staging;
import remus.domain.StandbySpec;
import remus.domain.qemu.QemuDomain;
import remus.domain.qemu.QemuStandby;
import remus.domain.qemu.StandbySettings;

/** A guest with a disk is taken over: the standby opens the image that the mirror wrote. */
@Timeout(120)
final class StandbyDiskIT {
    private static final long BYTES = 64L << 20;

    @TempDir Path directory;
    private final SlabPool pool = new SlabPool(512L << 20);

    private final CompletableFuture<String> ended = new CompletableFuture<>();

    /** Keeps all slabs of a checkpoint. */
    private final class Checkpoint implements Staging {
        private final List<Slab> slabs = new ArrayList<>();

        @Override
        public Slab nextPages(int region) {
            Slab slab = take();
            slab.beginPages(region);
            return slab;
        }

        @Override
        public Slab nextDevices() {
            Slab slab = take();
            slab.beginDevices();
            return slab;
        }

        private Slab take() {
            Slab slab = pool.poll();
            slabs.add(slab);
            return slab;
        }

        @Override
        public List<Slab> slabs() {
            return slabs;
        }

        void apply(QemuStandby standby) {
            List<ByteBuf> devices = new ArrayList<>();
            for (Slab slab : slabs) {
                ByteBuf payload = Unpooled.wrappedBuffer(slab.payload());
                if (slab.content() == Slab.Content.DEVICES) {
                    devices.add(payload);
                } else {
                    standby.writePages(slab.region(), slab.runs(), payload);
                }
            }
            standby.devices(devices);
            slabs.forEach(pool::give);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache=none", "cache=writeback"})
    void theGuestFindsItsNewestWritesAtTheBackup(String cache) throws Exception {
        Path source = directory.resolve("source.qcow2");
        DiskGuest.run("qemu-img", "create", "-q", "-f", "qcow2", source.toString(), "" + BYTES);
        String drive = "if=virtio,format=qcow2,file=" + source + "," + cache;
        try (DiskGuest guest = DiskGuest.boot(directory, "-drive", drive);
                NbdServer server = new NbdServer(directory, BYTES);
                QemuDomain domain = guest.open()) {
            guest.ask("disk open vda");
            guest.ask("disk write 4000 4");
            domain.attach(); // before the mirror: it takes those of earlier lives away
            StandbySpec spec = domain.standbySpec();
            assertThat(spec.disks()).containsExactly(new Disk("virtio0", BYTES));
            final long serverLocks = locks(server.image);
            try (QemuStandby standby =
                    QemuStandby.create(spec, List.of(server.image), settings())) {
                assertThat(locks(server.image)).as("a standby takes none").isEqualTo(serverLocks);
                MirrorJob job =
                        new MirrorJob(
                                domain.monitor(),
                                domain.disks().get(0),
                                0,
                                new MirrorJob.Listener() {
                                    @Override
                                    public void ready() {}

                                    @Override
                                    public void ended(String reason) {
                                        ended.complete(reason);
                                    }
                                });
                job.start(server.socket, NbdServer.EXPORT);
                DiskGuest.await("the mirror is ready", job::isReady);
                guest.awaitMoreWrites();
                assertThat(ended).isNotDone();
                takeOver(domain, guest, server, standby);
            }
        }
    }

    private void takeOver(QemuDomain domain, DiskGuest guest, NbdServer server, QemuStandby standby)
            throws Exception {
        Checkpoint checkpoint = new Checkpoint();
        assertThat(domain.suspend()).isTrue();
        domain.saveDevices();
        domain.harvest();
        domain.copy(checkpoint);
        domain.stageDevices(checkpoint);
        server.close(); // all it was sent is in the image
        guest.kill();
        checkpoint.apply(standby);
        writeThroughPageCache(server.image);
        standby.load();
        standby.run();
        ProcessHandle process = ProcessHandle.of(standby.identity().pid()).orElseThrow();
        try (SocketChannel port = DiskGuest.connect(directory.resolve("port.b"))) {
            String stopped = DiskGuest.ask(port, "disk stop");
            assertThat(stopped).contains("failures=0");
            assertThat(DiskGuest.ask(port, "disk check")).matches("ok blocks=[1-9]\\d+ wrong=0");
            assertThat(locks(server.image)).isPositive();
            DiskGuest.ask(port, "disk write 4000 4");
            DiskGuest.ask(port, "disk stop");
            assertThat(DiskGuest.ask(port, "disk check")).endsWith("wrong=0");
        } finally {
            process.destroyForcibly();
            process.onExit().join();
        }
    }

    /** As the backup's own process does; no disk has what is written. */
    private static void writeThroughPageCache(Path image) throws IOException {
        try (FileChannel channel =
                FileChannel.open(image, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(image));
            while (bytes.hasRemaining()) {
                channel.write(bytes, bytes.position());
            }
        }
    }

    private StandbySettings settings() {
        return new StandbySettings(
                Path.of("/dev/shm"),
                directory.resolve("r"),
                Map.of(),
                Map.of(
                        directory.resolve("port").toString(),
                        directory.resolve("port.b").toString()),
                List.of(),
                false,
                20_000_000_000L,
                10_000_000_000L);
    }

    /** How many locks are held on a file. */
    private static long locks(Path file) throws Exception {
        String inode = ":" + Files.getAttribute(file, "unix:ino") + " ";
        return Files.readAllLines(Path.of("/proc/locks")).stream()
                .filter(line -> line.contains(inode))
                .count();
    }
}
