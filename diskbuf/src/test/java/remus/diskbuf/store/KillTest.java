package remus.diskbuf.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.diskbuf.store.Standing.State;

/** Kills a process that commits epochs, for real, again and again. */
class KillTest {
    private static final int KILLS = 20;

    @TempDir Path directory;

    @Test
    void everyEpochThatWasSaidToBeCommittedIsThereAfterAKill() throws Exception {
        long seed = Long.getLong("rng.seed", System.nanoTime());
        System.out.println("KillTest -Drng.seed=" + seed);
        Random random = new Random(seed);
        long incarnation = 0;
        long committed = 0;
        long epochs = 0;
        for (int kill = 1; kill <= KILLS; kill++) {
            long seeded = kill % 3 == 1 || incarnation == 0 ? kill : 0;
            String last = killOne(seeded, random);
            long toldIncarnation = Long.parseLong(last.split(" ", 2)[0]);
            long toldEpoch = Long.parseLong(last.split(" ", 2)[1]);
            if (toldIncarnation != 0) {
                incarnation = toldIncarnation;
                committed = toldEpoch;
            }
            String where = "kill " + kill + " after " + last + ", -Drng.seed=" + seed;
            try (DiskStore store = KilledStore.open(directory)) {
                Standing standing = store.standing();
                if (standing.state() != State.CONSISTENT) {
                    assertThat(incarnation).as(where + ": " + standing).isZero();
                    continue;
                }
                // the first commit of a new copy may be done and not yet told
                if (standing.incarnation() != incarnation) {
                    assertThat(standing.incarnation()).as(where).isEqualTo(seeded);
                    committed = 1;
                }
                incarnation = standing.incarnation();
                assertThat(standing.epoch()).as(where).isBetween(committed, committed + 1);
                epochs += standing.epoch() - committed + toldEpoch;
                committed = standing.epoch();
                check(standing, where);
            }
        }
        assertThat(epochs).as("epochs that were committed").isGreaterThan(100);
    }

    private String killOne(long seeded, Random random) throws IOException, InterruptedException {
        Process child =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-Xmx64m",
                                "-Dlogback.statusListenerClass="
                                        + "ch.qos.logback.core.status.NopStatusListener",
                                "-cp",
                                System.getProperty("java.class.path"),
                                KilledStore.class.getName(),
                                directory.toString(),
                                "" + seeded)
                        .redirectErrorStream(true)
                        .start();
        String last = "0 0";
        try (BufferedReader output =
                new BufferedReader(
                        new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
            int until = random.nextInt(40);
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (line.matches("\\d+ \\d+")) {
                    last = line;
                    if (until-- == 0) {
                        assertThat(child.waitFor(random.nextInt(20), TimeUnit.MILLISECONDS))
                                .as("the child ended by itself after %s", line)
                                .isFalse();
                        child.toHandle().destroyForcibly(); // leaves its output to be read
                    }
                } else {
                    assertThat(line).doesNotContain("Exception");
                }
            }
        }
        assertThat(child.waitFor()).as("killed by SIGKILL").isEqualTo(128 + 9);
        return last;
    }

    private void check(Standing standing, String where) throws IOException {
        byte[][] expected = new byte[2][KilledStore.DISK_BYTES];
        for (long epoch = 0; epoch <= standing.epoch(); epoch++) {
            KilledStore.writes(
                    standing.incarnation(),
                    epoch,
                    (disk, at, bytes, frame) ->
                            System.arraycopy(bytes, 0, expected[disk], at, bytes.length));
        }
        for (int i = 0; i < 2; i++) {
            byte[] image = Files.readAllBytes(KilledStore.disks(directory).get(i).path());
            assertThat(image).as(where + ": disk " + i + " at " + standing).isEqualTo(expected[i]);
        }
    }
}
