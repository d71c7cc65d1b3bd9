package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** An agent that hangs is no dead agent: it may come back at any time and must not speak then. */
@ExtendWith(Evidence.class)
final class PausesIT {
    @Test
    void aShortHangOfThePrimaryAgentHarmsNobody() {
        try (Lab lab = Lab.ready()) {
            lab.protectAutomatically();
            CountingClient client = lab.client();
            client.awaitMore(20);
            hang(lab, 1_000);
            client.awaitMore(100);
            String primary = lab.awaitState(Lab.A, "PROTECTED", "SUPERSEDED").getState();
            System.out.println(
                    "after 1 s: "
                            + primary
                            + ", longest wait "
                            + client.longestGapMillis()
                            + " ms");
            oneSpeaker(lab, primary);
            client.assertNothingLost();
        }
    }

    @Test
    void aLongHangOfThePrimaryAgentEndsInOneTakeover() {
        try (Lab lab = Lab.ready()) {
            lab.protectAutomatically();
            CountingClient client = lab.client();
            client.awaitMore(20);
            Qmp owner = lab.owner(Lab.A, Lab.VM);
            long agent = lab.agentPid(Lab.A);
            lab.signal(agent, "STOP");
            assertThat(Proc.read(java.nio.file.Path.of("/proc/" + agent + "/status")))
                    .contains("State:\tT");
            long stopped = System.nanoTime();
            lab.awaitState(Lab.B, "ACTIVE");
            client.awaitMore(50); // from the backup, while the other agent hangs
            LockSupport.parkNanos(stopped + 5_000_000_000L - System.nanoTime());
            lab.signal(agent, "CONT");
            lab.awaitState(Lab.A, "SUPERSEDED");
            await("its guest is stopped").until(() -> !owner.status().equals("running"));
            client.awaitMore(100);
            assertThat(owner.status()).isNotEqualTo("running");
            System.out.println("after 5 s: longest wait " + client.longestGapMillis() + " ms");
            client.assertNothingLost();
            assertThat(lab.remus(Lab.A, "unprotect", Lab.VM).succeeded().out())
                    .contains("destroyed");
            assertThat(lab.qemus(Lab.A, "qemu-system")).isEmpty();
            lab.client().awaitMore(20);
        }
    }

    private static void hang(Lab lab, long millis) {
        long agent = lab.agentPid(Lab.A);
        lab.signal(agent, "STOP");
        assertThat(Proc.read(java.nio.file.Path.of("/proc/" + agent + "/status")))
                .contains("State:\tT");
        LockSupport.parkNanos(Duration.ofMillis(millis).toNanos());
        lab.signal(agent, "CONT");
    }

    private static void oneSpeaker(Lab lab, String primary) {
        if (primary.equals("SUPERSEDED")) {
            lab.awaitState(Lab.B, "ACTIVE");
            assertThat(lab.owner(Lab.A, Lab.VM).status()).isNotEqualTo("running");
        } else {
            assertThat(lab.group(Lab.B, Lab.VM).getState()).isIn("STANDBY", "SEEDING");
        }
    }
}
