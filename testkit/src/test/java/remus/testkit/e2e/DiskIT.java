package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.DiskStatus;

/**
 * A disk is of the same instant as the memory that remembers what was written to it, whenever the
 * host is lost.
 */
@ExtendWith(Evidence.class)
final class DiskIT {
    private static final int KILLS = Integer.getInteger("remus.disk.kills", 3);
    private static final int CHUNK = 64 << 10;

    @Test
    void memoryAndDiskAreOfOneEpochAtAnyInstant() {
        long seed = Long.getLong("remus.seed", System.nanoTime());
        System.out.println("seed " + seed + " (repeat with -Dremus.seed=" + seed + ")");
        Random random = new Random(seed);
        for (int kill = 1; kill <= KILLS; kill++) {
            try (Lab lab = Lab.up()) {
                String format = random.nextBoolean() ? "raw" : "qcow2";
                lab.start(DataDisk.make(lab, Lab.A, "data", format, 64));
                LoadMaker before = LoadMaker.of(lab, Lab.A);
                assertThat(before.ask("disk open vda")).startsWith("ok");
                assertThat(before.ask("disk write 4000 4")).isEqualTo("ok");
                lab.protectAutomatically();
                CountingClient client = lab.client();
                client.awaitMore(10 + random.nextInt(40));

                lab.powerLoss(Lab.A);
                lab.awaitState(Lab.B, "ACTIVE");
                client.awaitMore(20);
                client.assertNothingLost();
                LoadMaker after = LoadMaker.of(lab, Lab.B);
                DataDisk.writes(after, "disk stop");
                System.out.println("kill " + kill + ": " + DataDisk.check(after));
            }
        }
    }

    /**
     * Cut off from its backup, the first host's disk gets ahead of what was acknowledged. On the
     * way back only what differs is sent, and in the end both are the same.
     */
    @Test
    void theWayBackSendsOnlyWhatDiffersAndRollsTheOldDiskBack() throws IOException {
        try (Lab lab = Lab.up()) {
            DataDisk disk = DataDisk.make(lab, Lab.A, "data", "raw", 64);
            lab.start(disk);
            LoadMaker first = LoadMaker.of(lab, Lab.A);
            first.ask("disk open vda");
            first.ask("disk write 4000 4");
            lab.protectManually();
            lab.client().awaitMore(30);
            lab.fault("cut", "drop");
            long ahead = getsAhead(first);
            lab.signal(lab.pid(Lab.A, Lab.VM), "KILL");
            lab.remus(Lab.B, "failover", Lab.VM).succeeded();
            LoadMaker second = LoadMaker.of(lab, Lab.B);
            long committed = DataDisk.writes(second, "disk stop");
            assertThat(DataDisk.check(second)).startsWith("ok");
            lab.fault("restore");
            lab.awaitState(Lab.A, "SUPERSEDED");
            lab.remus(Lab.A, "unprotect", Lab.VM).succeeded();
            lab.remus(Lab.B, "unprotect", Lab.VM).succeeded();
            Path old = disk.image();
            Path current = disk.copyOn(lab, Lab.B);
            long different = differentChunks(old, current);
            System.out.printf(
                    "the old disk had %d writes when the new one had %d; %d chunks differ%n",
                    ahead, committed, different);
            assertThat(ahead).as("writes of the old disk").isGreaterThan(committed);
            assertThat(different).as("chunks that differ before").isPositive();

            lab.configure(Lab.A, "disks:\n  images:\n    web1/data: " + disk.inHost() + "\n");
            lab.remus(Lab.B, "protect", Lab.VM, Lab.A).succeeded();
            DiskStatus status = lab.group(Lab.B, Lab.VM).getMembers(0).getDisks(0);
            System.out.printf("%d bytes were sent%n", status.getSentBytes());
            assertThat(status.getSentBytes()).isPositive();
            assertThat(status.getSentBytes()).isLessThanOrEqualTo(different * CHUNK);
            await("the old disk is rolled back")
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> differentChunks(old, current) == 0);
        }
    }

    /** Writes that nobody will ever acknowledge, as far as the memory for them reaches. */
    private static long getsAhead(LoadMaker guest) {
        long before = DataDisk.writes(guest, "disk where");
        return await("the disk gets ahead")
                .atMost(Duration.ofSeconds(20))
                .until(() -> DataDisk.writes(guest, "disk where"), now -> now > before + 200);
    }

    /**
     * The guest's CD-ROM is at the first host only, and is sent; a scratch disk is at both, each
     * with what is written there.
     */
    @Test
    void copiesAMediumOnRequestAndLeavesADiskOut() throws IOException {
        try (Lab lab = Lab.up()) {
            lab.startAgent(Lab.A);
            lab.startAgent(Lab.B);
            DataDisk data = DataDisk.make(lab, Lab.A, "data", "raw", 64);
            lab.on(Lab.A, "truncate", "-s", "8M", "/run/vm/scratch.img").succeeded();
            byte[] medium = new byte[4 << 20];
            new Random(1).nextBytes(medium);
            Files.write(lab.directory.resolve(Lab.A).resolve("cd.iso"), medium);
            lab.startVm(
                    Lab.A,
                    Lab.VM,
                    "-drive",
                    data.drive(),
                    "-drive",
                    "if=virtio,id=scratch,format=raw,file=/run/vm/scratch.img",
                    "-drive",
                    "if=virtio,id=cd,format=raw,readonly=on,file=/run/vm/cd.iso");
            lab.awaitAgent(Lab.A);
            lab.awaitAgent(Lab.B);
            lab.awaitVm(Lab.A, Lab.VM);
            LoadMaker before = LoadMaker.of(lab, Lab.A);
            before.ask("disk open vda");
            before.ask("disk write 4000 4");

            String[] partly = {"--no-disk", "scratch", "--copy-media"};
            Outcome refused = lab.remus(Lab.A, words("protect", Lab.VM, Lab.B, partly));
            assertThat(refused.err()).contains("[disk-not-replicated]", "--unsafe");
            String[] unsafe = {"--no-disk", "scratch", "--copy-media", "--unsafe"};
            assertThat(lab.remus(Lab.A, words("check", Lab.VM, Lab.B, unsafe)).out())
                    .contains("scratch /run/vm/scratch.img cannot be read and written");
            lab.on(Lab.B, "truncate", "-s", "8M", "/run/vm/scratch.img").succeeded();
            Outcome begun = lab.remus(Lab.A, words("protect", Lab.VM, Lab.B, unsafe)).succeeded();
            assertThat(begun.err()).contains("warning: disk web1/scratch is not replicated");
            assertThat(lab.group(Lab.A, Lab.VM).getMembers(0).getDisksList())
                    .extracting(disk -> disk.getName() + " " + disk.getState())
                    .containsExactly("data replicated", "cd replicated", "scratch not-replicated");
            lab.renewAgent(Lab.A);
            lab.awaitGroup(
                    Lab.A,
                    Lab.VM,
                    Duration.ofSeconds(60),
                    group -> group.getState().equals("PROTECTED") && group.getAckedEpoch() > 0);
            assertThat(lab.remus(Lab.A, "status").out())
                    .contains("web1/scratch: 8 MiB, NOT replicated");

            lab.powerLoss(Lab.A);
            lab.remus(Lab.B, "failover", Lab.VM).succeeded();
            lab.awaitState(Lab.B, "ACTIVE");
            LoadMaker after = LoadMaker.of(lab, Lab.B);
            DataDisk.writes(after, "disk stop");
            DataDisk.check(after);
            Path images = lab.directory.resolve(Lab.B).resolve("state/disks/web1");
            assertThat(images.resolve("web1-cd.raw")).hasBinaryContent(medium);
            assertThat(images.resolve("web1-scratch.raw")).doesNotExist();
            assertThat(Proc.commandLine(lab.qemus(Lab.B, "web1-cd.raw").get(0)))
                    .contains("file=/run/vm/scratch.img");
            assertThat(lab.group(Lab.B, Lab.VM).getImages()).isEqualTo("handed-over");
        }
    }

    private static String[] words(String verb, String domain, String host, String... options) {
        return Stream.concat(Stream.of(verb, domain, host), Stream.of(options))
                .toArray(String[]::new);
    }

    private static long differentChunks(Path one, Path other) throws IOException {
        byte[] a = Files.readAllBytes(one);
        byte[] b = Files.readAllBytes(other);
        assertThat(a).hasSameSizeAs(b);
        long different = 0;
        for (int at = 0; at < a.length; at += CHUNK) {
            int end = Math.min(a.length, at + CHUNK);
            different += Arrays.equals(a, at, end, b, at, end) ? 0 : 1;
        }
        return different;
    }
}
