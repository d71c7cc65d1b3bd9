package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.GroupStatus;

/** The promise of the whole product, and what a guest must still be able to do afterwards. */
@ExtendWith(Evidence.class)
final class LapIT {
    @Test
    void theConnectionOutlivesItsHostAndTakenOverGuestReboots() {
        try (Lab lab = Lab.ready()) {
            lab.protectAutomatically();
            CountingClient client = lab.client();
            client.awaitMore(60);
            assertThat(lab.awaitState(Lab.A, "PROTECTED").getAckedEpoch()).isPositive();

            lab.powerLoss(Lab.A);
            GroupStatus active = lab.awaitState(Lab.B, "ACTIVE");
            client.awaitMore(60);
            System.out.printf(
                    "takeover %d ms, longest wait of the client %d ms%n",
                    active.getTakeoverNanos() / 1_000_000, client.longestGapMillis());
            assertThat(active.getTakeoverNanos()).isBetween(1L, 5_000_000_000L);
            client.assertNothingLost();

            String before = lab.serial(Lab.B, Lab.VM);
            lab.standbyMonitor(Lab.B).execute("system_reset");
            org.awaitility.Awaitility.await("the guest boots again")
                    .atMost(java.time.Duration.ofSeconds(60))
                    .until(
                            () ->
                                    lab.serial(Lab.B, Lab.VM)
                                            .substring(before.length())
                                            .contains("REMUS-GUEST-READY"));
            lab.client().awaitMore(100);
        }
    }
}
