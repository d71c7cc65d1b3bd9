package remus.testkit.e2e;

import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Power losses at instants that nobody chose. */
@ExtendWith(Evidence.class)
final class TenKillsIT {
    private static final int KILLS = 10;

    @Test
    void nothingAcknowledgedIsLostAtAnyInstant() {
        long seed = Long.getLong("remus.seed", System.nanoTime());
        System.out.println("seed " + seed + " (repeat with -Dremus.seed=" + seed + ")");
        Random random = new Random(seed);
        for (int kill = 1; kill <= KILLS; kill++) {
            try (Lab lab = Lab.ready()) {
                lab.protectAutomatically();
                CountingClient client = lab.client();
                client.awaitMore(5);
                LockSupport.parkNanos(random.nextLong(500_000_000)); // the instant itself
                long atKill = client.value();
                lab.powerLoss(Lab.A);
                lab.awaitState(Lab.B, "ACTIVE");
                client.awaitMore(50);
                System.out.printf(
                        "kill %d at %d, wait %d ms%n", kill, atKill, client.longestGapMillis());
                client.assertNothingLost();
            }
        }
    }
}
