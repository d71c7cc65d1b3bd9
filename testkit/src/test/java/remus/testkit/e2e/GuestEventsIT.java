package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.GroupStatus;

/** What the guest and its owner do by themselves is theirs: never a failure, never undone. */
@ExtendWith(Evidence.class)
final class GuestEventsIT {
    private static final Duration BOOT = Duration.ofSeconds(60);

    @Test
    void ownersAndGuestsStayTheirOwnMasters() {
        try (Lab lab = Lab.ready()) {
            lab.protectAutomatically();
            Qmp owner = lab.owner(Lab.A, Lab.VM);
            itsClockLagsAsMuchAsStatusSays(lab);
            pausedByItsOwner(lab, owner);
            for (String command : new String[] {"reboot", "panic"}) {
                bootsAgainAfter(lab, command);
                long epoch = lab.group(Lab.A, Lab.VM).getAckedEpoch();
                assertThat(lab.awaitState(Lab.A, "PROTECTED").getState()).isEqualTo("PROTECTED");
                lab.awaitGroup(Lab.A, Lab.VM, BOOT, g -> g.getAckedEpoch() > epoch + 5);
                assertThat(lab.group(Lab.B, Lab.VM).getState()).isEqualTo("STANDBY");
                System.out.println("after " + command + ": protected");
            }
            switchedOffByItself(lab);
        }
    }

    @Test
    void aGuestThatRebootedWhileProtectedIsTakenOver() {
        try (Lab lab = Lab.ready()) {
            lab.protectAutomatically();
            bootsAgainAfter(lab, "reboot");
            CountingClient client = lab.client();
            client.awaitMore(20);
            lab.awaitState(Lab.A, "PROTECTED");
            lab.powerLoss(Lab.A);
            lab.awaitState(Lab.B, "ACTIVE");
            client.awaitMore(20);
            client.assertNothingLost();
        }
    }

    /** The guest's clock stands still in each suspension; often, so that the lag is a large one. */
    private static void itsClockLagsAsMuchAsStatusSays(Lab lab) {
        lab.remus(Lab.A, "tune", Lab.VM, "--interval", "10ms").succeeded();
        long shownBefore = shownLag(lab);
        long lagBefore = System.nanoTime() - lab.guestMonotonicNanos(Lab.A);
        long epoch = lab.group(Lab.A, Lab.VM).getEpoch();
        lab.awaitGroup(Lab.A, Lab.VM, BOOT, g -> g.getEpoch() > epoch + 300);
        long lag = System.nanoTime() - lab.guestMonotonicNanos(Lab.A) - lagBefore;
        long shown = shownLag(lab) - shownBefore;
        System.out.printf(
                "clock: lags %d ms after 300 suspensions, status says %d ms%n",
                lag / 1_000_000, shown / 1_000_000);
        // asking takes a while, and more on a busy machine
        assertThat(shown).isCloseTo(lag, within(lag / 5 + 100_000_000));
        lab.remus(Lab.A, "tune", Lab.VM, "--interval", "50ms").succeeded();
    }

    private static long shownLag(Lab lab) {
        return lab.group(Lab.A, Lab.VM).getMembers(0).getClockLagNanos();
    }

    private static void pausedByItsOwner(Lab lab, Qmp owner) {
        CountingClient client = lab.client();
        client.awaitMore(20);
        // our own pauses end by themselves within milliseconds
        owner.execute("stop");
        lab.awaitGroup(Lab.A, Lab.VM, BOOT, g -> g.getReasonCode().equals("guest-paused"));
        long value = client.value();
        await("it stays paused")
                .during(Duration.ofSeconds(2))
                .atMost(Duration.ofSeconds(3))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> owner.status().equals("paused"));
        assertThat(client.value() - value).isLessThan(3);
        assertThat(lab.group(Lab.B, Lab.VM).getState()).isEqualTo("STANDBY");
        owner.execute("cont");
        lab.awaitGroup(
                Lab.A,
                Lab.VM,
                BOOT,
                g -> g.getState().equals("PROTECTED") && g.getReasonCode().equals("protected"));
        client.awaitMore(20);
        client.assertNothingLost();
        System.out.println("paused by its owner: stayed so");
    }

    private static void bootsAgainAfter(Lab lab, String command) {
        int before = lab.serial(Lab.A, Lab.VM).length();
        lab.tellGuest(Lab.A, command);
        await(command)
                .atMost(BOOT)
                .until(
                        () ->
                                lab.serial(Lab.A, Lab.VM)
                                        .substring(before)
                                        .contains("REMUS-GUEST-READY"));
    }

    private static void switchedOffByItself(Lab lab) {
        lab.tellGuest(Lab.A, "poweroff");
        GroupStatus off =
                lab.awaitGroup(
                        Lab.A,
                        Lab.VM,
                        Duration.ofSeconds(10),
                        g -> g.getState().isEmpty() || g.getState().equals("OFF"));
        System.out.println("switched off: " + off.getState() + " " + off.getReason());
        await("no QEMU on either host")
                .atMost(Duration.ofSeconds(10))
                .until(
                        () ->
                                lab.qemus(Lab.A, "qemu-system").isEmpty()
                                        && lab.qemus(Lab.B, "qemu-system").isEmpty());
        await("nobody resurrects it")
                .during(Duration.ofSeconds(2))
                .atMost(Duration.ofSeconds(3))
                .until(
                        () ->
                                !lab.group(Lab.B, Lab.VM).getState().equals("ACTIVE")
                                        && lab.qemus(Lab.B, "qemu-system").isEmpty());
    }
}
