package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.GroupStatus;

/** Several domains in one group. */
@ExtendWith(Evidence.class)
final class GroupIT {
    private static final Duration SOON = Duration.ofSeconds(30);

    /**
     * The second Redis replicates the first over the virtual network, without anybody between: at
     * no instant may the replica have seen a write that its source has not made.
     */
    @Test
    void twoDomainsCheckpointAsOneInstant() {
        try (Lab lab = Lab.ready()) {
            lab.startSecondVm(Lab.A, "db1");
            lab.awaitVm(Lab.A, "db1");
            lab.remus(
                            Lab.A,
                            "protect",
                            "web1,db1",
                            Lab.B,
                            "--group",
                            "shop",
                            "--failover",
                            "automatic-without-witness",
                            "--unsafe")
                    .succeeded();
            CountingClient client = lab.client();
            String replica = "10.77.0.11";
            assertThat(client.tell(replica, "REPLICAOF 10.77.0.10 6379")).contains("OK");
            await("the replica follows").atMost(SOON).until(() -> client.value(replica) > 0);
            client.awaitMore(40);
            assertThat(lab.group(Lab.A, "shop").getMembersCount()).isEqualTo(2);

            lab.powerLoss(Lab.A);
            GroupStatus active =
                    lab.awaitGroup(Lab.B, "shop", SOON, g -> g.getState().equals("ACTIVE"));
            assertThat(active.getMembersCount()).isEqualTo(2);
            long received = client.value(replica);
            long sent = client.readBack();
            assertThat(received).as("at the receiver").isPositive().isLessThanOrEqualTo(sent);
            client.awaitMore(40);
            client.assertNothingLost();
            await("the replica follows again")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> client.value(replica) == client.value());
            System.out.println(
                    "receiver " + received + ", sender " + sent + ", in the end " + client.value());
        }
    }
}
