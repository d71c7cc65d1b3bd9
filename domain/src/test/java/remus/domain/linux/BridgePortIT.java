package remus.domain.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import remus.domain.Finding;

/** A real bridge with a tap on it; the names are this process's own. */
final class BridgePortIT {
    private static final String OWN = Long.toString(ProcessHandle.current().pid(), 36);
    private static final String BRIDGE = "rmbr" + OWN;
    private static final String TAP = "rmbp" + OWN;

    @BeforeEach
    void make() throws IOException, InterruptedException {
        sh("ip link add " + BRIDGE + " type bridge");
        sh("ip tuntap add dev " + TAP + " mode tap");
    }

    @AfterEach
    void remove() throws IOException, InterruptedException {
        sh("ip link del " + TAP);
        sh("ip link del " + BRIDGE);
    }

    private static Finding finding() {
        return BridgePort.of(new NetInterface(TAP)).orElseThrow().speaksAtOnce();
    }

    @Test
    void namesABridgeThatKeepsATakenOverGuestSilent() throws IOException, InterruptedException {
        assertThat(BridgePort.of(new NetInterface(TAP))).as("not on a bridge").isEmpty();
        sh("ip link set " + TAP + " master " + BRIDGE);
        assertThat(finding().passed()).as(finding().problem()).isTrue();

        sh("ip link set " + BRIDGE + " type bridge stp_state 1 forward_delay 400");
        assertThat(finding().passed()).isFalse();
        assertThat(finding().code()).isEqualTo("bridge-delays");
        assertThat(finding().problem()).contains(BRIDGE, TAP, " 8 s ");
        assertThat(finding().correction()).contains("stp_state 0");

        sh("ip link set " + BRIDGE + " type bridge stp_state 0");
        assertThat(finding().passed()).as("the correction helps").isTrue();
    }

    @Test
    void namesAPortThatLearnsNothing() throws IOException, InterruptedException {
        sh("ip link set " + TAP + " master " + BRIDGE);
        sh("bridge link set dev " + TAP + " learning off");
        assertThat(finding().code()).isEqualTo("bridge-port-fixed");
        sh("bridge link set dev " + TAP + " learning on");
        assertThat(finding().passed()).as("the correction helps").isTrue();
    }

    private static void sh(String command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command.split(" ")).inheritIO().start();
        assertThat(process.waitFor()).as(List.of(command).toString()).isZero();
    }
}
