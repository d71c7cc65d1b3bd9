package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.DiskStatus;
import remus.agent.api.GroupStatus;

/** A guest whose disks are exports of the agent from its boot on. */
@ExtendWith(Evidence.class)
final class BootTimeDiskIT {
    private static final Pattern CHECKED = Pattern.compile("ok blocks=(\\d+) wrong=(\\d+)");
    private static final Pattern WRITES = Pattern.compile("ok writes=(\\d+) failures=0");
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String EXPORTS = "/run/remus/exports/";

    /** An ext4 on which Redis syncs each write before its reply. */
    private static final String ROOT =
            "if=none,id=root,format=raw,cache=none,file=nbd+unix:///root?socket="
                    + EXPORTS
                    + "root.sock,file.reconnect-delay=60";

    private static final String DATA =
            "driver=nbd,node-name=data0,server.type=unix,server.path="
                    + EXPORTS
                    + "data.sock,export=data,reconnect-delay=60,discard=unmap";

    @Test
    void disksAndMemoryAreOfOneEpochAndTheFileSystemIsCleanAfterALossOfTheHost()
            throws IOException {
        try (Lab lab = withExports(ROOT)) {
            LoadMaker before = guest(lab, Lab.A);
            before.ask("disk open vdb");
            assertThat(before.ask("disk write 4000 4")).isEqualTo("ok");
            lab.remus(
                            Lab.A,
                            "protect",
                            Lab.VM,
                            Lab.B,
                            "--disk",
                            "boot-time",
                            "--failover",
                            "automatic-without-witness",
                            "--unsafe")
                    .succeeded();
            assertThat(lab.group(Lab.A, Lab.VM).getMembers(0).getDisksList())
                    .extracting(DiskStatus::getMode)
                    .containsExactly("boot-time", "boot-time");
            Qmp owner = lab.owner(Lab.A, Lab.VM);
            assertThat(owner.execute("query-block-jobs")).as("nothing is mirrored").isEmpty();
            CountingClient client = lab.client();
            client.awaitMore(60);

            lab.powerLoss(Lab.A);
            lab.awaitState(Lab.B, "ACTIVE");
            client.awaitMore(20);
            client.assertNothingLost();
            LoadMaker after = guest(lab, Lab.B);
            writes(after, "disk stop");
            assertSame(after);
            assertThat(Proc.commandLine(lab.qemus(Lab.B, "-incoming").get(0)))
                    .contains("web1-root.raw")
                    .doesNotContain("nbd");
            rebooted(lab);
            assertThat(client.readBack())
                    .as("what is on the disk, against what was told")
                    .isEqualTo(client.value());
        }
    }

    /** The guest on the backup boots from what its disk holds. */
    private static void rebooted(Lab lab) throws IOException {
        try (Qmp monitor = lab.standbyMonitor(Lab.B)) {
            monitor.execute("system_reset");
        }
        await("the guest boots from its disk at the backup")
                .atMost(SOON)
                .until(
                        () ->
                                lab.serial(Lab.B, Lab.VM)
                                        .replaceFirst("(?s).*REMUS-GUEST-START", "")
                                        .contains("REMUS-GUEST-READY"));
        assertThat(lab.serial(Lab.B, Lab.VM))
                .as("what the check of the file system says")
                .contains("REMUS-GUEST-FSCK 0");
    }

    /** With nothing protected, while it is protected, and with an agent that nobody restarts. */
    @Test
    void theGuestHearsNoErrorWhenItsAgentDies() throws IOException {
        try (Lab lab = withExports(ROOT)) {
            LoadMaker guest = guest(lab, Lab.A);
            guest.ask("disk open vdb");
            guest.ask("disk write 4000 4");
            awaitMoreWrites(guest);
            long first = lab.agentPid(Lab.A);
            lab.killAgent(Lab.A, true);
            awaitMoreWrites(guest);
            lab.awaitAgent(Lab.A);
            assertThat(lab.agentPid(Lab.A)).as("another agent").isNotEqualTo(first);

            long supervisor = lab.pid(Lab.A, "agent");
            long second = lab.agentPid(Lab.A);
            lab.signal(supervisor, "KILL");
            lab.signal(second, "KILL");
            awaitStill(guest);
            lab.startAgent(Lab.A);
            lab.awaitAgent(Lab.A);
            awaitMoreWrites(guest);

            lab.protectManually();
            lab.killAgent(Lab.A, true);
            awaitMoreWrites(guest);
            lab.awaitAgent(Lab.A);
            lab.awaitState(Lab.A, "PROTECTED");
            awaitMoreWrites(guest);
            writes(guest, "disk stop");
            assertSame(guest);
        }
    }

    /** Each disk is taken in its own way. */
    @Test
    void domainWithOtherDisksIsRefusedOrMirroredInPart() throws IOException {
        String plain = "if=none,id=root,format=raw,cache=none,file=/run/vm/plain.img";
        try (Lab lab = withExports(plain)) {
            LoadMaker before = guest(lab, Lab.A);
            before.ask("disk open vdb");
            before.ask("disk write 4000 4");
            Outcome refused = lab.remus(Lab.A, "protect", Lab.VM, Lab.B, "--disk", "boot-time");
            assertThat(refused.code()).isEqualTo(1);
            assertThat(refused.err()).contains("[disk-not-exported]").contains("plain.img");
            lab.protectAutomatically();
            GroupStatus group = lab.group(Lab.A, Lab.VM);
            assertThat(group.getMembers(0).getDisksList())
                    .extracting(disk -> disk.getName() + " " + disk.getMode())
                    .containsExactlyInAnyOrder("root mirror", "data boot-time");
            CountingClient client = lab.client();
            client.awaitMore(40);
            lab.powerLoss(Lab.A);
            lab.awaitState(Lab.B, "ACTIVE");
            client.awaitMore(20);
            client.assertNothingLost();
            LoadMaker after = guest(lab, Lab.B);
            writes(after, "disk stop");
            assertSame(after);
            rebooted(lab);
            assertThat(client.readBack()).isEqualTo(client.value());
        }
    }

    private static Lab withExports(String root) throws IOException {
        Lab lab = Lab.up();
        lab.startAgent(Lab.A);
        lab.startAgent(Lab.B);
        Path host = lab.directory.resolve(Lab.A);
        for (String image : new String[] {"root.img", "plain.img"}) {
            String file = host.resolve(image).toString();
            Outcome.run("truncate", "-s", "64M", file).succeeded();
            Outcome.run("mke2fs", "-q", "-t", "ext4", file).succeeded();
        }
        Outcome.run("truncate", "-s", "64M", host.resolve("data.img").toString()).succeeded();
        lab.awaitAgent(Lab.A);
        Files.writeString(
                host.resolve("agent.yaml"),
                "disks:\n  exports:\n    root: /run/vm/root.img\n    data: /run/vm/data.img\n",
                StandardOpenOption.APPEND);
        lab.renewAgent(Lab.A);
        lab.startVm(
                Lab.A,
                Lab.VM,
                "-drive",
                root,
                "-device",
                "virtio-blk-pci,drive=root", // the first, and so vda
                "-blockdev",
                DATA,
                "-device",
                "virtio-blk-pci,drive=data0,id=data");
        lab.awaitAgent(Lab.B);
        lab.awaitVm(Lab.A, Lab.VM);
        return lab;
    }

    private static LoadMaker guest(Lab lab, String host) {
        return LoadMaker.connect(lab.directory.resolve(host).resolve(Lab.VM + ".load"));
    }

    /** How many writes the disk has confirmed; none has failed. */
    private static long writes(LoadMaker guest, String command) {
        String answer = guest.ask(command);
        Matcher writes = WRITES.matcher(answer);
        assertThat(writes.matches()).as(answer).isTrue();
        return Long.parseLong(writes.group(1));
    }

    private static void awaitMoreWrites(LoadMaker guest) {
        long goal = writes(guest, "disk where") + 100;
        await("the guest writes on").atMost(SOON).until(() -> writes(guest, "disk where") > goal);
    }

    /** The fault is there: no write is confirmed any more. */
    private static void awaitStill(LoadMaker guest) {
        long[] last = {-1, 0};
        await("the guest's writes wait")
                .atMost(SOON)
                .until(
                        () -> {
                            long now = writes(guest, "disk where");
                            last[1] = now == last[0] ? last[1] + 1 : 0;
                            last[0] = now;
                            return last[1] >= 10;
                        });
    }

    private static void assertSame(LoadMaker guest) {
        String answer = guest.ask("disk check");
        Matcher checked = CHECKED.matcher(answer);
        assertThat(checked.matches()).as(answer).isTrue();
        assertThat(Integer.parseInt(checked.group(1))).as("blocks written").isGreaterThan(10);
        assertThat(Integer.parseInt(checked.group(2))).as(answer).isZero();
    }
}
