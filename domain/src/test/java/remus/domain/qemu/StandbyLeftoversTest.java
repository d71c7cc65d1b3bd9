package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StandbyLeftoversTest {
    @TempDir Path directory;
    private Path standby;
    private StandbyLeftovers leftovers;
    private Process process;

    @BeforeEach
    void makeStandby() throws IOException {
        standby = Files.createDirectories(directory.resolve("run/standby-1"));
        Files.createFile(standby.resolve("log"));
        leftovers = new StandbyLeftovers(StandbySettings.of(directory, directory.resolve("run")));
        // its command line names the directory, as a standby's does
        process = new ProcessBuilder("tail", "-f", standby.resolve("log").toString()).start();
    }

    @AfterEach
    void end() {
        process.destroyForcibly();
    }

    private void named(String file, long pid) throws IOException {
        Files.writeString(standby.resolve(file), pid + "\n");
    }

    @Test
    void destroysAStandbyThatNobodyFeeds() throws Exception {
        named("pid", process.pid());
        leftovers.settle(List.of(), one -> true);
        assertThat(process.waitFor(5, TimeUnit.SECONDS)).isTrue();
        assertThat(standby).doesNotExist();
    }

    @Test
    void leavesWhatBecameADomainAloneWhateverTheRecordsSay() throws IOException {
        named("pid", process.pid());
        StandbyLeftovers.starts(standby);
        StandbyLeftovers.becomesDomain(standby);
        leftovers.settle(List.of(), one -> true);
        assertThat(process.isAlive()).isTrue();
        assertThat(standby.resolve("log")).exists();
    }

    @Test
    void leavesAStandbyAloneThatAnUnreadableRecordMayHaveActivated() throws Exception {
        named("pid", process.pid());
        leftovers.settle(List.of(), pid -> false);
        assertThat(process.isAlive()).isTrue();
        assertThat(standby.resolve("log")).exists();
        leftovers.settle(List.of(), pid -> pid == process.pid());
        assertThat(process.waitFor(5, TimeUnit.SECONDS)).as("its record can be read").isTrue();
    }

    @Test
    void tellsHowADomainEnded() throws Exception {
        long pid = process.pid();
        named("pid", pid);
        StandbyLeftovers.starts(standby);
        StandbyLeftovers.becomesDomain(standby);
        Files.createFile(standby.resolve("qmp"));
        process.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
        leftovers.settle(List.of(pid), one -> true);
        assertThat(leftovers.endedInOrder(pid)).as("QEMU had no time to clean up").isFalse();
        Files.delete(standby.resolve("qmp"));
        assertThat(leftovers.endedInOrder(pid)).isTrue();
        leftovers.settle(List.of(), one -> true);
        assertThat(leftovers.endedInOrder(pid)).as("nothing is left that tells").isFalse();
    }

    @Test
    void neverDestroysWhatWasAboutToRun() throws IOException {
        named("pid", process.pid());
        StandbyLeftovers.starts(standby);
        StandbyLeftovers.starts(standby); // a second attempt
        leftovers.settle(List.of(), one -> true); // it has no monitor: that is only said
        assertThat(process.isAlive()).isTrue();
        assertThat(standby.resolve("log")).exists();
    }

    @Test
    void clearsAwayADomainThatIsGone() throws IOException {
        named("domain.pid", ProcessHandle.current().pid()); // the number was used again
        Files.delete(standby.resolve("log"));
        leftovers.settle(List.of(), one -> true);
        assertThat(standby).doesNotExist();
    }

    @Test
    void neverKillsAProcessThatOnlyHasTheNumber() throws IOException {
        Process stranger = new ProcessBuilder("sleep", "60").start();
        try {
            named("pid", stranger.pid());
            leftovers.settle(List.of(), one -> true);
            assertThat(stranger.isAlive()).isTrue();
        } finally {
            stranger.destroyForcibly();
        }
    }
}
