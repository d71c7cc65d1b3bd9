package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
    private static final Pattern CHECKED = Pattern.compile("ok blocks=(\\d+) wrong=(\\d+)");
    private static final String DISK = "/run/vm/disk.img";
    private static final int CHUNK = 64 << 10;

    @Test
    void memoryAndDiskAreOfOneEpochAtAnyInstant() {
        long seed = Long.getLong("remus.seed", System.nanoTime());
        System.out.println("seed " + seed + " (repeat with -Dremus.seed=" + seed + ")");
        Random random = new Random(seed);
        for (int kill = 1; kill <= KILLS; kill++) {
            try (Lab lab = withDisk(random.nextBoolean() ? "raw" : "qcow2")) {
                LoadMaker before = guest(lab, Lab.A);
                assertThat(before.ask("disk open vda")).startsWith("ok");
                assertThat(before.ask("disk write 4000 4")).isEqualTo("ok");
                lab.protectAutomatically();
                CountingClient client = lab.client();
                client.awaitMore(10 + random.nextInt(40));

                lab.powerLoss(Lab.A);
                lab.awaitState(Lab.B, "ACTIVE");
                client.awaitMore(20);
                client.assertNothingLost();
                LoadMaker after = guest(lab, Lab.B);
                assertThat(after.ask("disk stop")).matches("ok writes=\\d+ failures=0");
                System.out.println("kill " + kill + ": " + checked(after));
            }
        }
    }

    /**
     * After a failover the first host's disk is ahead of what was committed. On the way back only
     * what differs is sent, and in the end both are the same.
     */
    @Test
    void theWayBackSendsOnlyWhatDiffersAndRollsTheOldDiskBack() throws IOException {
        try (Lab lab = withDisk("raw")) {
            LoadMaker first = guest(lab, Lab.A);
            first.ask("disk open vda");
            first.ask("disk write 4000 4");
            lab.protectAutomatically();
            lab.client().awaitMore(30);
            lab.signal(lab.pid(Lab.A, Lab.VM), "KILL");
            lab.awaitState(Lab.B, "ACTIVE");
            LoadMaker second = guest(lab, Lab.B);
            second.ask("disk stop");
            assertThat(checked(second)).startsWith("ok");
            lab.remus(Lab.A, "unprotect", Lab.VM).succeeded();
            lab.remus(Lab.B, "unprotect", Lab.VM).succeeded();

            Path config = lab.directory.resolve(Lab.A).resolve("agent.yaml");
            Files.writeString(
                    config,
                    "disks:\n  images:\n    web1/data: " + DISK + "\n",
                    StandardOpenOption.APPEND);
            lab.renewAgent(Lab.A);
            Path old = lab.directory.resolve(Lab.A).resolve("disk.img");
            Path current = lab.directory.resolve(Lab.B).resolve("state/disks/web1/web1-data.raw");
            long different = differentChunks(old, current);
            assertThat(different).as("chunks that differ before").isPositive();

            lab.remus(Lab.B, "protect", Lab.VM, Lab.A).succeeded();
            DiskStatus disk = lab.group(Lab.B, Lab.VM).getMembers(0).getDisks(0);
            System.out.printf(
                    "%d of %d chunks differed, %d bytes were sent%n",
                    different, disk.getBytes() / CHUNK, disk.getSentBytes());
            assertThat(disk.getSentBytes()).isLessThanOrEqualTo(different * CHUNK);
            org.awaitility.Awaitility.await("the old disk is rolled back")
                    .atMost(java.time.Duration.ofSeconds(20))
                    .until(() -> differentChunks(old, current) == 0);
        }
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

    private static LoadMaker guest(Lab lab, String host) {
        return LoadMaker.connect(lab.directory.resolve(host).resolve(Lab.VM + ".load"));
    }

    private static Lab withDisk(String format) {
        Lab lab = Lab.up();
        lab.startAgent(Lab.A);
        lab.startAgent(Lab.B);
        lab.on(Lab.A, "qemu-img", "create", "-q", "-f", format, DISK, "64M").succeeded();
        lab.startVm(
                Lab.A,
                Lab.VM,
                "-drive",
                "if=virtio,id=data,cache=none,format=" + format + ",file=" + DISK);
        lab.awaitAgent(Lab.A);
        lab.awaitAgent(Lab.B);
        lab.awaitVm(Lab.A, Lab.VM);
        return lab;
    }

    private static String checked(LoadMaker guest) {
        String answer = guest.ask("disk check");
        Matcher checked = CHECKED.matcher(answer);
        assertThat(checked.matches()).as(answer).isTrue();
        assertThat(Integer.parseInt(checked.group(1))).as("blocks written").isGreaterThan(10);
        assertThat(Integer.parseInt(checked.group(2))).as(answer).isZero();
        return answer;
    }
}
