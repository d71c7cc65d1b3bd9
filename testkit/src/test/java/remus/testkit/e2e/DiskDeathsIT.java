package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.DiskStatus;
import remus.agent.api.GroupStatus;

/**
 * What carries a guest's disk writes dies, at either side, while the guest writes: to a file system
 * with its database on one disk, and blocks of known content to another.
 */
@ExtendWith(Evidence.class)
final class DiskDeathsIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int MIB = 1 << 20;
    private static final int CHUNK = 64 << 10;
    private static final int BLOCKS = 1000;
    private static final String LOAD = "disk write " + BLOCKS + " 4";
    private static final String CUT_THE_MIRROR =
            "{\"instances\":[{\"type\":\"block-node\",\"node-name\":\"remus-mirror-1\"}]}";
    private static final String FDATASYNC = "75 ";

    @Test
    void diskWritesSurviveTheDeathOfWhateverCarriesThem() throws IOException {
        try (Lab lab = Lab.up();
                FileGate gate = FileGate.atReadingIn(Files.createDirectories(store(lab)))) {
            DataDisk data = DataDisk.make(lab, Lab.A, "data", "raw", 64).withFileSystem();
            DataDisk load =
                    DataDisk.make(lab, Lab.A, "load", "raw", 64).withContent(new Random(1), 24, 64);
            lab.start(data, load);
            LoadMaker guest = LoadMaker.of(lab, Lab.A);
            assertThat(guest.ask("disk open vdb")).startsWith("ok");
            lab.protectManually();
            CountingClient client = lab.client();
            client.awaitMore(20);

            theMirrorsConnectionDies(lab, guest, client, LOAD);
            theMirrorsConnectionDies(lab, guest, client, "disk where");
            theBackupDiesWhileItApplies(lab, guest, client, gate);
            theBackupDiesWhileItJournals(lab, guest, client);

            assertThat(guest.ask(LOAD)).isEqualTo("ok");
            client.awaitMore(20);
            lab.powerLoss(Lab.A);
            lab.remus(Lab.B, "failover", Lab.VM).succeeded();
            client.awaitMore(20);
            client.assertNothingLost();
            LoadMaker after = LoadMaker.of(lab, Lab.B);
            DataDisk.writes(after, "disk stop");
            System.out.println("taken over: " + DataDisk.check(after));
            theDisksAloneHoldAllThatWasTold(lab, after, client);
        }
    }

    /**
     * Whether or not something is written at the time: QEMU itself does not notice a connection
     * that nothing goes over.
     */
    private static void theMirrorsConnectionDies(
            Lab lab, LoadMaker guest, CountingClient client, String load) {
        guest.ask(load);
        long since = lab.awaitState(Lab.A, "PROTECTED").getSinceUnixMillis();
        int broken = broken(lab);
        lab.owner(Lab.A, Lab.VM).executeAndClose("yank", CUT_THE_MIRROR);
        GroupStatus again = lab.awaitNewCopy(since);
        assertThat(broken(lab)).as("times that the mirror broke").isEqualTo(broken + 1);
        System.out.println("the mirror's connection cut: " + again.getReason());
        client.awaitMore(20);
        DataDisk.writes(guest, "disk stop");
    }

    /** Of the journal and the images. */
    private static Path store(Lab lab) {
        return lab.directory.resolve(Lab.B).resolve("state/disks").resolve(Lab.VM);
    }

    private static int broken(Lab lab) {
        return lab.agentLog(Lab.A).split(Pattern.quote("(disk-broken)"), -1).length - 1;
    }

    /** All that the guest wrote is acknowledged, and in the journal only. */
    private static void theBackupDiesWhileItApplies(
            Lab lab, LoadMaker guest, CountingClient client, FileGate gate) {
        long agent = lab.agentPid(Lab.B);
        long since = lab.awaitState(Lab.A, "PROTECTED").getSinceUnixMillis();
        gate.holdReaders(store(lab));
        assertThat(guest.ask(LOAD)).isEqualTo("ok");
        assertThat(gate.awaitVisitor(5)).isEqualTo(agent);
        long begun = lab.group(Lab.B, Lab.VM).getJournalBytes();
        GroupStatus behind =
                lab.awaitGroup(Lab.B, Lab.VM, SOON, g -> g.getJournalBytes() > begun + 2 * MIB);
        DataDisk.writes(guest, "disk stop");
        client.awaitMore(5); // replies that left after all of it was acknowledged
        kill(agent);
        System.out.printf(
                "killed while applying, %d KiB only in the journal%n",
                (behind.getJournalBytes() - begun) >> 10);
        gate.close();
        GroupStatus again = lab.awaitNewCopy(since);
        DiskStatus disk = again.getMembers(0).getDisks(1);
        assertThat(disk.getName()).isEqualTo("load");
        assertThat(disk.getCopiedBytes()).isEqualTo(disk.getBytes());
        assertThat(disk.getSentBytes()).as("the journal was replayed: nothing differs").isZero();
        client.awaitMore(20);
    }

    private static void theBackupDiesWhileItJournals(
            Lab lab, LoadMaker guest, CountingClient client) throws IOException {
        long since = lab.awaitState(Lab.A, "PROTECTED").getSinceUnixMillis();
        long agent = lab.agentPid(Lab.B);
        assertThat(guest.ask(LOAD)).isEqualTo("ok");
        client.awaitMore(5);
        Path conductor = thread(agent, "backup-" + Lab.VM);
        long used = lab.group(Lab.B, Lab.VM).getJournalBytes();
        assertThat(used).as("bytes of journal").isPositive();
        await("the backup's conductor waits for the journal's sync")
                .atMost(SOON)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofNanos(50_000))
                .until(() -> Proc.read(conductor.resolve("syscall")).startsWith(FDATASYNC));
        kill(agent);
        System.out.printf("killed while journalling, %d KiB of journal in use%n", used >> 10);
        DataDisk.writes(guest, "disk stop");
        GroupStatus again = lab.awaitNewCopy(since);
        DiskStatus disk = again.getMembers(0).getDisks(1);
        System.out.printf(
                "%d KiB of %d KiB were sent%n", disk.getSentBytes() >> 10, disk.getBytes() >> 10);
        assertThat(disk.getCopiedBytes()).isEqualTo(disk.getBytes());
        assertThat(disk.getSentBytes()).isLessThanOrEqualTo((long) BLOCKS * 4096 + CHUNK);
        client.awaitMore(20);
    }

    private static void kill(long pid) {
        ProcessHandle handle = ProcessHandle.of(pid).orElseThrow();
        handle.destroyForcibly();
        handle.onExit().join();
    }

    private static Path thread(long pid, String name) throws IOException {
        try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid + "/task"))) {
            return threads.filter(t -> Proc.read(t.resolve("comm")).trim().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** After a boot nothing is left of the memory. */
    private static void theDisksAloneHoldAllThatWasTold(
            Lab lab, LoadMaker guest, CountingClient client) {
        String before = lab.serial(Lab.B, Lab.VM);
        guest.tell("reboot");
        await("the guest boots from its disks")
                .atMost(Duration.ofSeconds(60))
                .until(
                        () ->
                                lab.serial(Lab.B, Lab.VM)
                                        .substring(before.length())
                                        .contains("REMUS-GUEST-READY"));
        assertThat(lab.serial(Lab.B, Lab.VM).substring(before.length()))
                .containsPattern("REMUS-GUEST-FSCK 0\\s");
        assertThat(client.readBack()).as("what the database has").isEqualTo(client.value());
    }
}
