package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.GroupStatus;

/** The backup's agent dies at the two instants at which most is at stake. */
@ExtendWith(Evidence.class)
final class BackupDeathsIT {
    private static final Duration SOON = Duration.ofSeconds(30);

    @Test
    void theBackupsAgentDiesWhileSeedingAndWhileTakingOver() throws Exception {
        try (Lab lab = Lab.ready()) {
            CountingClient client = lab.client();
            client.awaitMore(20);
            diesWhileSeeding(lab, client);
            lab.protectManually();
            client.awaitMore(20);
            diesBetweenTheRecordAndTheRun(lab, client);
        }
    }

    private static void diesWhileSeeding(Lab lab, CountingClient client) throws Exception {
        // what staging holds counts as copied: only more than that keeps a seed waiting for the
        // link
        lab.tellGuest(Lab.A, "buffer 96");
        Files.writeString(
                lab.directory.resolve(Lab.A).resolve("agent.yaml"),
                "staging: 16MiB\n",
                StandardOpenOption.APPEND);
        lab.renewAgent(Lab.A);
        Qmp owner = lab.owner(Lab.A, Lab.VM);
        List<String> shape = owner.shape();
        lab.fault("slow", "30mbit");
        Process protect =
                lab.startRemus(
                        Lab.A, lab.directory.resolve("protect.log"), "protect", Lab.VM, Lab.B);
        GroupStatus seeding =
                lab.awaitGroup(
                        Lab.A,
                        Lab.VM,
                        SOON,
                        g -> g.getState().equals("SEEDING") && g.getSeedBytes() > 0);
        assertThat(lab.group(Lab.B, Lab.VM).getState()).isEqualTo("SEEDING");
        lab.signal(lab.agentPid(Lab.B), "KILL");
        System.out.printf(
                "killed after %d of %d MiB%n",
                seeding.getSeedBytes() >> 20, seeding.getSeedTotalBytes() >> 20);
        assertThat(seeding.getSeedBytes()).isLessThan(seeding.getSeedTotalBytes() / 2);

        GroupStatus end = lab.awaitState(Lab.A, "UNPROTECTED", "PROTECTED");
        assertThat(end.getState()).as(end.getReason()).isEqualTo("UNPROTECTED");
        assertThat(end.getReasonCode()).isEqualTo("backup-lost");
        assertThat(protect.waitFor(40, TimeUnit.SECONDS)).isTrue();
        assertThat(protect.exitValue()).isNotZero();
        assertThat(Files.readString(lab.directory.resolve("protect.log"))).contains("backup-lost");
        assertThat(owner.status()).isEqualTo("running");
        assertThat(owner.shape()).as("QEMU, as it was found").isEqualTo(shape);
        client.forgetGap();
        client.awaitMore(50);
        System.out.println("longest wait, unprotected: " + client.longestGapMillis() + " ms");
        lab.awaitAgent(Lab.B);
        assertThat(lab.qemus(Lab.B, "-incoming")).as("copies that nobody feeds").isEmpty();
        lab.fault("restore");
    }

    /** Its record says ACTIVATED, so nobody else will ever run the group; and nothing runs yet. */
    private static void diesBetweenTheRecordAndTheRun(Lab lab, CountingClient client)
            throws IOException {
        lab.powerLoss(Lab.A);
        long agent = lab.agentPid(Lab.B);
        lab.signal(lab.pid(Lab.B, "agent"), "KILL"); // else its next life comes too soon to look
        Path records = lab.directory.resolve(Lab.B).resolve("state/groups");
        try (FileGate gate = FileGate.atOpening(records)) {
            lab.startRemus(Lab.B, lab.directory.resolve("failover.log"), "failover", Lab.VM);
            assertThat(gate.awaitVisitor()).isEqualTo(agent);
            assertThat(Files.readString(records.resolve(Lab.VM + ".json"))).contains("ACTIVATED");
            ProcessHandle handle = ProcessHandle.of(agent).orElseThrow();
            handle.destroyForcibly();
            handle.onExit().join();
        }
        assertThat(lab.standbyMonitor(Lab.B).statusAndClose()).isEqualTo("paused");

        long begun = System.nanoTime();
        lab.startAgent(Lab.B);
        client.awaitMore(50);
        System.out.println(
                "the restarted agent made it run: a reply after "
                        + (System.nanoTime() - begun) / 1_000_000
                        + " ms");
        assertThat(lab.awaitState(Lab.B, "ACTIVE").getReasonCode()).isNotEmpty();
        client.assertNothingLost();
        try (Stream<Path> memory = Files.list(lab.inside(Lab.B, "/run/standby"))) {
            assertThat(memory).as("memory that nobody would give back").isEmpty();
        }
        await("one copy").until(() -> lab.qemus(Lab.B, "-incoming").size() == 1);
    }
}
