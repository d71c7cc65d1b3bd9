package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.GroupStatus;

/** QEMU tells nobody of a device that is plugged in; the next checkpoint shows it. */
@ExtendWith(Evidence.class)
final class HotPlugIT {
    private static final Duration SOON = Duration.ofSeconds(30);

    @Test
    void aPluggedInDeviceEndsTheProtectionUntilItIsTakenOut() {
        try (Lab lab = Lab.ready("-device", "pcie-root-port,id=rp9,chassis=1")) {
            lab.protectManually();
            CountingClient client = lab.client();
            client.awaitMore(20);
            Qmp owner = lab.owner(Lab.A, Lab.VM);
            owner.execute(
                    "device_add",
                    "{\"driver\":\"virtio-rng-pci\",\"bus\":\"rp9\",\"id\":\"rng9\"}");

            // a standby made from the command line could never load the state of this guest
            GroupStatus refused =
                    lab.awaitGroup(
                            Lab.A, Lab.VM, SOON, g -> g.getReasonCode().equals("devices-differ"));
            assertThat(refused.getState()).isEqualTo("CONNECTING");
            assertThat(refused.getReason()).contains("virtio-rng-pci rng9");
            assertThat(lab.agentLog(Lab.A)).contains("PROTECTED -> DEGRADED", "(config-changed)");
            assertThat(lab.group(Lab.B, Lab.VM).getState()).isNotEqualTo("STANDBY");
            client.awaitMore(50); // unprotected, and it says so: nothing is held
            assertThat(owner.status()).isEqualTo("running");

            owner.execute("device_del", "{\"id\":\"rng9\"}");
            lab.awaitState(Lab.A, "PROTECTED");
            client.awaitMore(20);
            lab.powerLoss(Lab.A);
            lab.remus(Lab.B, "failover", Lab.VM).succeeded();
            client.awaitMore(20);
            client.assertNothingLost();
        }
    }
}
