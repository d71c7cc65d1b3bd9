package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.GroupStatus;

/** Who may run is decided by a real ZooKeeper. */
@ExtendWith(Evidence.class)
final class WitnessIT {
    private static final Duration SOON = Duration.ofSeconds(30);

    @Test
    void backupTakesOverByItselfAndTheLossOfTheWitnessBeforeChangedNothing() {
        try (Lab lab = Lab.witnessed()) {
            lab.protectByWitness();
            CountingClient client = lab.client();
            client.awaitMore(20);
            long since = lab.awaitState(Lab.A, "PROTECTED").getSinceUnixMillis();

            lab.killWitness();
            client.awaitMore(50);
            GroupStatus meanwhile = lab.group(Lab.A, Lab.VM);
            assertThat(meanwhile.getState()).isEqualTo("PROTECTED");
            assertThat(meanwhile.getSinceUnixMillis())
                    .as("rounded")
                    .isBetween(since - 5, since + 5);
            await("an alert")
                    .atMost(SOON)
                    .until(() -> lab.status(Lab.A).getWitness().equals("away"));
            assertThat(lab.remus(Lab.A, "status").succeeded().out()).contains("witness");

            lab.powerLoss(Lab.A);
            lab.awaitGroup(Lab.B, Lab.VM, SOON, g -> g.getReasonCode().equals("witness-away"));
            assertThat(lab.group(Lab.B, Lab.VM).getState()).isEqualTo("STANDBY");
            lab.startWitness(); // nobody takes over before it is back
            GroupStatus active = lab.awaitState(Lab.B, "ACTIVE");
            System.out.println(
                    "running after "
                            + active.getTakeoverNanos() / 1_000_000
                            + " ms, witness's"
                            + " absence included");
            client.awaitMore(30);
            client.assertNothingLost();
        }
    }

    @Test
    void primaryGoesOnAloneWhenItsBackupIsGone() {
        try (Lab lab = Lab.witnessed()) {
            lab.protectByWitness();
            CountingClient client = lab.client();
            client.awaitMore(20);
            lab.powerLoss(Lab.B);
            client.awaitMore(50); // by nobody's word
            GroupStatus alone =
                    lab.awaitGroup(Lab.A, Lab.VM, SOON, g -> g.getState().equals("CONNECTING"));
            System.out.println(
                    "alone ("
                            + alone.getReason()
                            + "): the client waited at most "
                            + client.longestGapMillis()
                            + " ms");
            client.assertNothingLost();
            lab.remus(Lab.A, "unprotect", Lab.VM).succeeded();
        }
    }

    @Test
    void cutLinkAndStoppedAgentsNeverMakeTwoSpeakers() {
        try (Lab lab = Lab.witnessed()) {
            lab.protectByWitness();
            CountingClient client = lab.client();
            client.awaitMore(20);
            Qmp owner = lab.owner(Lab.A, Lab.VM);

            lab.fault("cut");
            client.awaitMore(50);
            boolean takenOver = lab.group(Lab.B, Lab.VM).getState().equals("ACTIVE");
            System.out.println("link cut: " + (takenOver ? "the backup" : "the primary") + " won");
            lab.fault("restore");
            if (!takenOver) {
                lab.awaitState(Lab.A, "PROTECTED"); // a new copy, by itself
                client.awaitMore(20);
                lab.fault("pause", Lab.A, "agent");
                lab.awaitState(Lab.B, "ACTIVE");
                client.awaitMore(20);
                lab.fault("continue", Lab.A, "agent");
            }
            lab.awaitState(Lab.A, "SUPERSEDED");
            await("a stopped guest").atMost(SOON).until(() -> !owner.status().equals("running"));
            client.awaitMore(30);
            client.assertNothingLost();
        }
    }

    @Test
    void hostThatIsCutFromTheWitnessCannotTakeOver() {
        try (Lab lab = Lab.witnessed()) {
            lab.protectByWitness();
            CountingClient client = lab.client();
            client.awaitMore(20);
            lab.fault("cut-witness", Lab.B);
            lab.fault("cut");
            client.awaitMore(50); // the primary is let go on alone
            assertThat(List.of("STANDBY", "CONCEDED", "TAKING_OVER", "CLAIMING"))
                    .contains(lab.group(Lab.B, Lab.VM).getState());
            lab.fault("restore-witness", Lab.B);
            lab.fault("restore");
            lab.awaitState(Lab.A, "PROTECTED");
            client.awaitMore(20);
            client.assertNothingLost();
        }
    }
}
