package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A guest that was protected bears no trace of it, nor do its disks; looking at one is quick. */
@ExtendWith(Evidence.class)
final class DetachIT {
    private static final Duration SOON = Duration.ofSeconds(10);

    @Test
    void detachLeavesTheVmAsFound() throws Exception {
        try (Lab lab = Lab.up()) {
            lab.start(
                    DataDisk.make(lab, Lab.A, "data", "raw", 32),
                    DataDisk.make(lab, Lab.A, "more", "qcow2", 32));
            Qmp owner = lab.owner(Lab.A, Lab.VM);
            long pid = lab.pid(Lab.A, Lab.VM);
            List<String> shape = owner.shape();
            String limits = limits(pid);
            List<String> files = descriptors(pid);

            lab.protectAutomatically();
            assertThat(owner.shape()).as("it is attached").isNotEqualTo(shape);
            assertThat(descriptors(pid)).contains("anon_inode:[userfaultfd]");
            CountingClient client = lab.client();
            client.awaitMore(20);
            statusIsQuick(lab);
            lab.remus(Lab.A, "unprotect", Lab.VM).succeeded();
            asFound(lab, owner, pid, shape, limits, files);
            client.awaitMore(50);

            // what the next life of the agent finds of its disks is not its own, and goes too
            lab.protectManually();
            long since = lab.awaitState(Lab.A, "PROTECTED").getSinceUnixMillis();
            assertThat(owner.shape().toString()).contains("remus-mirror-0", "remus-mirror-1");
            lab.killAgent(Lab.A, true);
            lab.awaitNewCopy(since);
            lab.remus(Lab.A, "unprotect", Lab.VM).succeeded();
            asFound(lab, owner, pid, shape, limits, files);
            client.awaitMore(50);

            // a backup that hangs keeps the command waiting: the interruption finds it in the midst
            long backup = lab.agentPid(Lab.B);
            lab.signal(backup, "STOP");
            interrupt(lab, 130, "CONNECTING");
            asFound(lab, owner, pid, shape, limits, files);
            lab.signal(backup, "CONT");
            for (int attempt = 0; attempt < 2; attempt++) {
                interrupt(lab, -1, "SEEDING", "PROTECTED");
                asFound(lab, owner, pid, shape, limits, files);
                // it learns of the end from the closed connection, after the reconnect grace
                await("nothing is left at the backup").atMost(SOON).until(() -> isClear(lab));
            }
            client.awaitMore(50);
            client.assertNothingLost();
        }
    }

    private static boolean isClear(Lab lab) {
        return lab.qemus(Lab.B, "qemu-system").isEmpty()
                && List.of("", "CONCEDED").contains(lab.group(Lab.B, Lab.VM).getState());
    }

    /** Ctrl-C in `remus protect`; where it came too late, the protection is let go in order. */
    private static void interrupt(Lab lab, int code, String... states) throws Exception {
        Path log = lab.directory.resolve("protect.log");
        Process protect = lab.startRemus(Lab.A, log, "protect", Lab.VM, Lab.B);
        await("the protection has begun")
                .atMost(SOON)
                .pollInterval(Duration.ofMillis(2))
                .ignoreExceptions()
                .until(() -> List.of(states).contains(lab.group(Lab.A, Lab.VM).getState()));
        // the command itself, not what put it onto the host
        lab.signal(protect.descendants().findFirst().orElseThrow().pid(), "INT");
        assertThat(protect.waitFor(40, TimeUnit.SECONDS)).isTrue();
        String said = Files.readString(log).trim();
        System.out.println("interrupted: " + protect.exitValue() + " " + said);
        if (code < 0 && protect.exitValue() == 0) {
            lab.remus(Lab.A, "unprotect", Lab.VM).succeeded();
        } else {
            assertThat(protect.exitValue()).isEqualTo(130);
            assertThat(said).contains("the guest is as it was");
        }
    }

    private static void asFound(
            Lab lab, Qmp owner, long pid, List<String> shape, String limits, List<String> files)
            throws IOException {
        assertThat(owner.shape()).isEqualTo(shape);
        assertThat(owner.status()).isEqualTo("running");
        assertThat(limits(pid)).isEqualTo(limits);
        await("its open files are as before")
                .atMost(SOON)
                .untilAsserted(() -> assertThat(descriptors(pid)).isEqualTo(files));
        assertThat(Proc.read(Path.of("/proc/" + pid + "/status"))).contains("TracerPid:\t0\n");
        assertThat(lab.group(Lab.A, Lab.VM).getState()).isIn("", "UNPROTECTED");
    }

    private static String limits(long pid) {
        return Proc.read(Path.of("/proc/" + pid + "/limits"));
    }

    /** Kinds, as the numbers of sockets come and go. */
    private static List<String> descriptors(long pid) throws IOException {
        try (Stream<Path> entries = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return entries.map(fd -> Proc.link(fd.toString()).replaceFirst("\\[\\d+\\]", ""))
                    .filter(link -> !link.isEmpty() && !link.equals("socket:"))
                    .sorted()
                    .toList();
        }
    }

    private static void statusIsQuick(Lab lab) {
        long[] millis = new long[10];
        for (int i = 0; i < millis.length; i++) {
            long begun = System.nanoTime();
            lab.remus(Lab.A, "status").succeeded();
            millis[i] = (System.nanoTime() - begun) / 1_000_000;
        }
        System.out.println(
                "remus status: " + new ArrayList<>(Arrays.stream(millis).boxed().toList()) + " ms");
        Arrays.sort(millis);
        assertThat(millis[millis.length / 2]).as("median of remus status, ms").isLessThan(500);
    }
}
