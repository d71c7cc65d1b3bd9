package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.GroupStatus;

/** A guest that was taken over is an ordinary guest; the agent only says what became of it. */
@ExtendWith(Evidence.class)
final class AfterTakeoverIT {
    private static void takeOver(Lab lab) {
        lab.protectAutomatically();
        CountingClient client = lab.client();
        client.awaitMore(20);
        lab.signal(lab.pid(Lab.A, Lab.VM), "KILL");
        lab.awaitState(Lab.B, "ACTIVE");
        lab.awaitState(Lab.A, "SUPERSEDED");
        client.awaitMore(20);
        assertThat(member(lab)).isEqualTo("running");
    }

    private static String member(Lab lab) {
        return lab.group(Lab.B, Lab.VM).getMembers(0).getState();
    }

    @Test
    void switchedOffIsOffAlsoBesideARecordThatCannotBeRead() throws IOException {
        try (Lab lab = Lab.ready()) {
            takeOver(lab);
            lab.standbyMonitor(Lab.B).execute("quit");
            assertThat(lab.awaitState(Lab.B, "OFF").getReasonCode()).isEqualTo("switched-off");
            assertThat(member(lab)).isEqualTo("off");

            Files.writeString(lab.inside(Lab.B, "/run/vm/state/groups/cut.json"), "{\"name\": ");
            lab.killAgent(Lab.B, false);
            lab.awaitAgent(Lab.B);
            GroupStatus cut = lab.group(Lab.B, "cut");
            assertThat(cut.getState()).isEqualTo("UNKNOWN");
            assertThat(cut.getReasonCode()).isEqualTo("record-unreadable");
            assertThat(cut.getCorrection()).contains("move it away");
            assertThat(lab.group(Lab.B, Lab.VM).getState()).isEqualTo("OFF");
            Outcome unprotect = lab.remus(Lab.B, "unprotect", "cut");
            assertThat(unprotect.err()).contains("[record-unreadable]");
            assertThat(lab.remus(Lab.B, "status").out()).contains("UNKNOWN").contains("cut.json");
        }
    }

    @Test
    void killedIsLostAndNotRunAgainByALaterAgent() {
        try (Lab lab = Lab.ready()) {
            takeOver(lab);
            lab.signal(lab.qemus(Lab.B, "-incoming").get(0), "KILL");
            assertThat(lab.awaitState(Lab.B, "LOST").getReasonCode()).isEqualTo("domain-lost");
            lab.killAgent(Lab.B, false);
            lab.awaitAgent(Lab.B);
            lab.awaitState(Lab.B, "LOST");
            assertThat(lab.qemus(Lab.B, "-incoming")).isEmpty();
            assertThat(member(lab)).isEqualTo("gone");
        }
    }
}
