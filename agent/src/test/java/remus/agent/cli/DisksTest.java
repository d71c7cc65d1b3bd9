package remus.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import remus.agent.api.DiskStatus;
import remus.agent.api.GroupStatus;
import remus.agent.api.MemberStatus;
import remus.agent.control.ControlServer;
import remus.agent.control.FakeOperations;

/** What the command line says of disks and asks about them. */
@Timeout(60)
final class DisksTest {
    @TempDir Path directory;
    private final FakeOperations operations = new FakeOperations();
    private ControlServer server;
    private CliFixture cli;

    @BeforeEach
    void start() {
        server = ControlServer.start(directory.resolve("run"), operations);
        cli = new CliFixture(server.socket());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static GroupStatus.Builder state(String state) {
        return GroupStatus.newBuilder()
                .setName("web1")
                .setRole("primary")
                .setPeer("hostB")
                .setState(state);
    }

    @Test
    void protectShowsHowFarEachDiskIs() {
        GroupStatus.Builder seeding =
                state("SEEDING").setSeedTotalBytes(100).setSeedBytes(10).addMembers(disks());
        operations.then(seeding, state("PROTECTED"));
        assertThat(cli.run("protect", "web1", "hostB")).isZero();
        assertThat(cli.out())
                .contains("web1: SEEDING 10%, 10 B of 100 B\n")
                .contains("  web1/data: 25%, 1 GiB of 4 GiB, sent 512 MiB\n")
                .contains("  web1/scratch: not replicated\n");
    }

    @Test
    void onATerminalEachDiskHasABarThatStaysInItsPlace() {
        GroupStatus.Builder seeding =
                state("SEEDING").setSeedTotalBytes(100).setSeedBytes(50).addMembers(disks());
        operations.then(seeding, seeding.clone(), state("PROTECTED"));
        assertThat(cli.run(true, "protect", "web1", "hostB")).isZero();
        String bars = "  web1/data: [#######.......................] 25%, 1 GiB of 4 GiB";
        assertThat(cli.out()).containsSubsequence(bars, "\033[3A\r", bars);
        assertThat(cli.out()).contains("\033[J").doesNotContain("\033[4A");
    }

    @Test
    void whatIsGivenUpIsAskedForAndSaid() {
        operations.then(state("PROTECTED"));
        assertThat(
                        cli.run(
                                "protect",
                                "web1",
                                "hostB",
                                "--no-disk",
                                "scratch,web1/tmp",
                                "--copy-media",
                                "--unsafe"))
                .isZero();
        assertThat(operations.calls).contains("disks [scratch, web1/tmp] true");
        assertThat(cli.err()).isEqualTo("warning: scratch is lost\nwarning: web1/tmp is lost\n");
        assertThat(cli.run("check", "web1", "hostB", "--no-disk", "all", "--unsafe")).isZero();
        assertThat(operations.calls).contains("check [all] false");
    }

    @ParameterizedTest
    @ValueSource(strings = {"scratch", "other/scratch", "web1"})
    void aDiskOfNobodyKnowsWhomIsRefusedByTheAgent(String disk) {
        assertThat(cli.run("protect", "web1,db1", "hostB", "--group", "g", "--no-disk", disk))
                .isEqualTo(1);
        assertThat(cli.err()).contains("[invalid-disk]").contains("fix: write DOMAIN/DISK");
        assertThat(operations.calls).isEmpty();
    }

    @Test
    void theBackupShowsItsImagesAndWhatIsWrongWithThem() {
        operations.then(
                state("SEEDING")
                        .setRole("backup")
                        .setReason("a copy comes")
                        .setImages("inconsistent")
                        .setImagesProblem("the images are worth nothing")
                        .setImagesCorrection("wait for the first checkpoint")
                        .setJournalBytes(12 << 20)
                        .setJournalSizeBytes(256 << 20)
                        .setDiskLagBytes(3 << 20));
        cli.run("status");
        assertThat(cli.out())
                .endsWith(
                        """
                          backup, peer hostB: a copy comes
                          disks: images inconsistent, journal 12 MiB of 256 MiB, 3 MiB not in the images yet
                            the images are worth nothing
                            fix: wait for the first checkpoint
                        """);
    }

    @Test
    void thePrimaryShowsDisksThatAreCopiedAndThoseThatAreNot() {
        operations.then(state("SEEDING").addMembers(disks()));
        cli.run("status");
        assertThat(cli.out())
                .contains("  disk web1/data: copying, 25%, 1 GiB of 4 GiB, sent 512 MiB\n")
                .contains("  disk web1/scratch: 2 GiB, NOT replicated: a takeover uses ")
                .contains("  disks: 1 replicated, lag 0 B in 0 epochs not acknowledged\n");
    }

    private static MemberStatus.Builder disks() {
        return MemberStatus.newBuilder()
                .setName("web1")
                .setState("running")
                .addDisks(
                        DiskStatus.newBuilder()
                                .setName("data")
                                .setBytes(4L << 30)
                                .setCopiedBytes(1L << 30)
                                .setSentBytes(512 << 20)
                                .setState("copying"))
                .addDisks(
                        DiskStatus.newBuilder()
                                .setName("scratch")
                                .setBytes(2L << 30)
                                .setState("not-replicated"))
                .addDisks(
                        DiskStatus.newBuilder()
                                .setName("cd")
                                .setBytes(1 << 20)
                                .setCopiedBytes(1 << 20)
                                .setState("replicated"));
    }
}
