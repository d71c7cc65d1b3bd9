package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.GroupStatus;

/** The primary's agent dies in each phase of a lap, by plan and not by chance. */
@ExtendWith(Evidence.class)
final class AgentPhasesIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    private static final Duration RESTARTED = Duration.ofSeconds(4);

    private static final String USERFAULTFD = "anon_inode:[userfaultfd]";

    /** The word of the conversation with QEMU at which the agent dies, and what that leaves. */
    private enum Phase {
        SUSPENDING("stop", "\"STOP\"", MonitorGate.When.UNANSWERED, "paused"),
        SAVING("xen-save-devices-state", "\"return\"", MonitorGate.When.UNANSWERED, "paused"),
        HARVESTING_OR_COPYING(
                "xen-save-devices-state", "\"return\"", MonitorGate.When.ANSWERED, "paused"),
        ABOUT_TO_RESUME("cont", "", MonitorGate.When.BEFORE, "paused"),
        RESUMING("cont", "\"RESUME\"", MonitorGate.When.UNANSWERED, "running");

        private final String command;
        private final String answer;
        private final MonitorGate.When when;
        private final String leaves;

        Phase(String command, String answer, MonitorGate.When when, String leaves) {
            this.command = command;
            this.answer = answer;
            this.when = when;
            this.leaves = leaves;
        }
    }

    @Test
    void theGuestOutlivesItsAgentsDeathInEveryPhase() throws Exception {
        try (Lab lab = Lab.up()) {
            lab.startVm(Lab.A, Lab.VM);
            try (MonitorGate gate =
                    MonitorGate.before(lab.directory.resolve(Lab.A).resolve(Lab.VM + ".qmp"))) {
                lab.startAgent(Lab.A);
                lab.startAgent(Lab.B);
                lab.awaitAgent(Lab.A);
                lab.awaitAgent(Lab.B);
                lab.awaitVm(Lab.A, Lab.VM);
                diesInEveryPhase(lab, gate);
            }
        }
    }

    private static void diesInEveryPhase(Lab lab, MonitorGate gate) throws IOException {
        lab.protectManually();
        // a copy that takes longer than a kill, and an epoch that takes longer than a link
        lab.tellGuest(Lab.A, "buffer 96");
        lab.tellGuest(Lab.A, "dirty 6000 10 4096");
        Qmp owner = lab.owner(Lab.A, Lab.VM);
        long qemu = lab.pid(Lab.A, Lab.VM);
        List<String> shape = owner.shape();
        CountingClient client = lab.client();
        for (Phase phase : Phase.values()) {
            client.awaitMore(3);
            lab.awaitState(Lab.A, "PROTECTED");
            long agent = lab.agentPid(Lab.A);
            long killed = gate.kill(agent, phase.command, phase.answer, phase.when);
            String left = owner.status();
            comesBack(lab, owner, killed, phase + " leaves it " + left);
            assertThat(left).as("after a death while %s", phase).isEqualTo(phase.leaves);
            protectedAgain(lab, owner, qemu, shape);
        }
        client.awaitMore(3);
        lab.renewAgent(Lab.A); // a supervisor that sees many deaths in a row waits
        lab.awaitState(Lab.A, "PROTECTED");
        whileSending(lab, owner);
        protectedAgain(lab, owner, qemu, shape);
        client.awaitMore(3);
        beforeTheAcknowledgement(lab, owner, client);
        protectedAgain(lab, owner, qemu, shape);
        client.awaitMore(10);
        client.assertNothingLost();

        lab.powerLoss(Lab.A);
        lab.remus(Lab.B, "failover", Lab.VM).succeeded();
        assertThat(lab.client().readBack()).isGreaterThanOrEqualTo(client.value());
    }

    private static void whileSending(Lab lab, Qmp owner) {
        long agent = lab.agentPid(Lab.A);
        lab.fault("slow", "20mbit");
        GroupStatus sending =
                lab.awaitGroup(Lab.A, Lab.VM, SOON, g -> g.getEpoch() > g.getAckedEpoch());
        kill(lab, owner, agent, "SENDING epoch " + sending.getEpoch());
        assertThat(lab.group(Lab.B, Lab.VM).getEpoch())
                .as("what the backup has whole")
                .isLessThan(sending.getEpoch());
        lab.fault("restore");
    }

    private static void beforeTheAcknowledgement(Lab lab, Qmp owner, CountingClient client) {
        long agent = lab.agentPid(Lab.A);
        lab.tellGuest(Lab.A, "stop");
        lab.tellGuest(Lab.A, "where"); // it answers in order: the load has stopped
        long loaded = lab.group(Lab.A, Lab.VM).getEpoch();
        lab.awaitGroup(Lab.A, Lab.VM, SOON, g -> g.getAckedEpoch() > loaded);
        lab.fault("cut", "mute", Lab.A);
        GroupStatus unheard =
                await("an epoch that is whole at the backup")
                        .atMost(SOON)
                        .pollInterval(Duration.ofMillis(5))
                        .until(
                                () -> lab.group(Lab.A, Lab.VM),
                                g -> lab.group(Lab.B, Lab.VM).getEpoch() > g.getAckedEpoch());
        long told = client.value();
        kill(lab, owner, agent, "BEFORE THE ACK that follows " + unheard.getAckedEpoch());
        assertThat(client.value()).as("told while nothing was acknowledged").isEqualTo(told);
        lab.fault("restore");
    }

    private static void kill(Lab lab, Qmp owner, long agent, String what) {
        ProcessHandle handle = ProcessHandle.of(agent).orElseThrow();
        long killed = System.nanoTime();
        handle.destroyForcibly();
        handle.onExit().join();
        comesBack(lab, owner, killed, what);
    }

    private static void comesBack(Lab lab, Qmp owner, long killed, String what) {
        await("a running guest").atMost(RESTARTED).until(() -> owner.status().equals("running"));
        long runs = System.nanoTime() - killed;
        lab.awaitAgent(Lab.A);
        System.out.printf(
                "%s: guest runs after %d ms, agent answers after %d ms%n",
                what, runs / 1_000_000, (System.nanoTime() - killed) / 1_000_000);
    }

    private static void protectedAgain(Lab lab, Qmp owner, long qemu, List<String> shape)
            throws IOException {
        lab.awaitState(Lab.A, "PROTECTED");
        assertThat(userfaultfds(qemu)).as("dirty logs in QEMU").isEqualTo(1);
        assertThat(owner.shape()).as("filters in QEMU").isEqualTo(shape);
    }

    private static long userfaultfds(long pid) throws IOException {
        try (Stream<Path> entries = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return entries.filter(fd -> Proc.link(fd.toString()).equals(USERFAULTFD)).count();
        }
    }
}
