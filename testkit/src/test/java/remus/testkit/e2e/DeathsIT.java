package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.GroupStatus;

/** Any one process dies: the guest never pays for it. */
@ExtendWith(Evidence.class)
final class DeathsIT {
    private static final int KILLS = 20;
    private static final Duration RESTARTED = Duration.ofSeconds(4);
    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void killedPrimaryAgentsNeverLeaveTheGuestSuspended() {
        long seed = Long.getLong("remus.seed", System.nanoTime());
        System.out.println("seed " + seed + " (repeat with -Dremus.seed=" + seed + ")");
        Random random = new Random(seed);
        try (Lab lab = Lab.ready()) {
            lab.protectManually();
            CountingClient client = lab.client();
            Qmp owner = lab.owner(Lab.A, Lab.VM);
            int suspended = 0;
            for (int kill = 1; kill <= KILLS; kill++) {
                if (kill % 5 != 0) {
                    lab.awaitState(Lab.A, "PROTECTED");
                    client.awaitMore(3);
                } // else: while it is being adopted or seeded again
                LockSupport.parkNanos(random.nextLong(60_000_000)); // the instant itself
                boolean inThePause = kill % 2 == 0 && awaitPause(owner);
                // a supervisor that saw four deaths in a row waits
                lab.killAgent(Lab.A, kill % 4 != 0);
                boolean paused = owner.status().equals("paused");
                suspended += paused ? 1 : 0;
                await("a running guest after kill " + kill + (inThePause ? " in the pause" : ""))
                        .atMost(RESTARTED)
                        .pollInterval(Duration.ofMillis(10))
                        .until(() -> owner.status().equals("running"));
                lab.awaitAgent(Lab.A);
            }
            System.out.println("killed " + KILLS + " times, " + suspended + " times in the pause");
            lab.awaitState(Lab.A, "PROTECTED");
            client.awaitMore(10);
            System.out.println("longest wait of the client " + client.longestGapMillis() + " ms");
            client.assertNothingLost();
            lab.powerLoss(Lab.A);
            lab.remus(Lab.B, "failover", Lab.VM).succeeded();
            assertThat(lab.client().readBack()).isGreaterThanOrEqualTo(client.value());
        }
    }

    /** The pauses last a few milliseconds: whoever polls hits one now and then. */
    private static boolean awaitPause(Qmp owner) {
        long deadline = System.nanoTime() + 2_000_000_000L;
        while (System.nanoTime() < deadline) {
            if (owner.status().equals("paused")) {
                return true;
            }
        }
        return false;
    }

    @Test
    void aKilledPrimaryAgentMakesNoSecondSpeaker() {
        try (Lab lab = Lab.ready()) {
            lab.protectAutomatically();
            CountingClient client = lab.client();
            client.awaitMore(20);
            Qmp owner = lab.owner(Lab.A, Lab.VM);
            lab.signal(lab.agentPid(Lab.A), "KILL");
            GroupStatus end =
                    await("one of both goes on")
                            .atMost(SOON)
                            .ignoreExceptions()
                            .until(
                                    () -> lab.group(Lab.A, Lab.VM),
                                    g -> List.of("PROTECTED", "SUPERSEDED").contains(g.getState()));
            System.out.println("the primary is " + end.getState() + ": " + end.getReasonCode());
            if (end.getState().equals("SUPERSEDED")) {
                assertThat(owner.status()).isNotEqualTo("running");
                lab.awaitState(Lab.B, "ACTIVE");
            }
            client.awaitMore(30);
            client.assertNothingLost();
        }
    }

    @Test
    void theProtectionSurvivesItsBackupsAgentAndStandby() {
        try (Lab lab = Lab.ready()) {
            lab.protectAutomatically();
            CountingClient client = lab.client();
            client.awaitMore(20);
            long since = lab.awaitState(Lab.A, "PROTECTED").getSinceUnixMillis();

            lab.signal(lab.agentPid(Lab.B), "KILL");
            GroupStatus again = lab.awaitNewCopy(since);
            client.awaitMore(20);
            System.out.println(
                    "backup's agent killed: longest wait " + client.longestGapMillis() + " ms");

            client.forgetGap();
            lab.signal(lab.qemus(Lab.B, "-incoming").get(0), "KILL");
            lab.awaitNewCopy(again.getSinceUnixMillis());
            client.awaitMore(20);
            System.out.println("standby killed: longest wait " + client.longestGapMillis() + " ms");

            client.forgetGap();
            lab.signal(lab.pid(Lab.A, Lab.VM), "KILL");
            GroupStatus active = lab.awaitState(Lab.B, "ACTIVE");
            assertThat(active.getReason()).contains("died");
            client.awaitMore(20);
            System.out.println(
                    "primary's QEMU killed: longest wait " + client.longestGapMillis() + " ms");
            client.assertNothingLost();
            assertThat(lab.awaitState(Lab.A, "SUPERSEDED").getReasonCode()).isNotEmpty();
        }
    }
}
