package remus.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import remus.agent.api.DiskStatus;
import remus.agent.api.Distribution;
import remus.agent.api.GroupStatus;
import remus.agent.api.MemberStatus;
import remus.agent.control.ControlServer;
import remus.agent.control.FakeOperations;

/** The command line against a control server with a fake behind it, through the real socket. */
@Timeout(60)
final class MainTest {
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

    @Test
    void protectReturnsAtTheFirstAcknowledgedCheckpoint() {
        operations.then(
                state("SEEDING").setSeedTotalBytes(100), state("PROTECTED").setAckedEpoch(1));
        assertThat(cli.run("protect", "web1", "hostB")).isZero();
        assertThat(cli.out())
                .contains("web1: SEEDING 0%, 0 B of 100 B")
                .contains("web1: PROTECTED by hostB")
                .contains("checkpoint 1 acknowledged");
        assertThat(operations.calls).startsWith("protect [web1] manual");
    }

    @Test
    void takingOverByItselfDemandsUnsafe() {
        String[] automatic = {
            "protect", "web1", "hostB", "--failover", "automatic-without-witness"
        };
        assertThat(cli.run(automatic)).isEqualTo(1);
        assertThat(cli.err()).contains("two copies", "[unsafe-failover]", "--unsafe");
        assertThat(operations.calls).isEmpty();
    }

    @Test
    void protectDrawsABarOnATerminal() {
        operations.then(
                state("SEEDING").setSeedTotalBytes(100).setSeedBytes(50), state("PROTECTED"));
        assertThat(cli.run(true, "protect", "web1", "hostB")).isZero();
        assertThat(cli.out()).contains("\r").contains("[###############...............] 50%");
    }

    @Test
    void protectFailsWithTheReasonWhenItEnds() {
        operations.then(
                state("SEEDING"),
                state("UNPROTECTED")
                        .setReasonCode("peer-lost")
                        .setReason("hostB does not answer")
                        .setCorrection("start the agent of hostB"));
        assertThat(cli.run("protect", "web1", "hostB")).isEqualTo(1);
        assertThat(cli.err())
                .contains("error: web1 is UNPROTECTED: hostB does not answer [peer-lost]")
                .contains("fix: start the agent of hostB");
    }

    @Test
    void refusalsArriveWithCodeProblemAndCorrection() {
        assertThat(cli.run("protect", "web1", "nowhere")).isEqualTo(1);
        assertThat(cli.err())
                .isEqualTo(
                        "error: no peer is named nowhere [unknown-host]\nfix: add it to peers\n");
    }

    @Test
    void bugsOfTheAgentSayThatTheyAreBugs() {
        assertThat(cli.run("protect", "web1", "bug")).isEqualTo(1);
        assertThat(cli.err()).contains("met a bug in the agent").contains("[internal-error]");
    }

    @Test
    void namesThatAreNoNamesAreRefusedByTheAgent() {
        assertThat(cli.run("protect", "../etc", "hostB")).isEqualTo(1);
        assertThat(cli.err()).contains("[invalid-domain]");
        assertThat(cli.run("unprotect", "a/b")).isEqualTo(1);
        assertThat(cli.run("protect", "web1,db1", "hostB")).isEqualTo(1);
        assertThat(cli.err()).contains("fix: name the group");
        assertThat(cli.run("tune", "web1", "--interval", "1h")).isEqualTo(1);
        assertThat(cli.err()).contains("[invalid-interval]");
        assertThat(operations.calls).isEmpty();
    }

    @Test
    void wrongUsageReturnsTwoWithTheCorrection() {
        assertThat(cli.run("statsu")).isEqualTo(2);
        assertThat(cli.err()).contains("did you mean status?");
        assertThat(cli.run("tune", "web1", "--interval", "25")).isEqualTo(2);
        assertThat(cli.err()).contains("write 25ms or 25s");
        assertThat(cli.run("protect", "web1", "hostB", "--failover", "maybe")).isEqualTo(2);
        assertThat(cli.run("protect", "web1", "hostB", "--disk", "nbd")).isEqualTo(2);
        assertThat(cli.err()).contains("--disk").contains("boot-time");
    }

    @Test
    void anAgentThatDoesNotRunReturnsThree() {
        CliFixture nobody = new CliFixture(directory.resolve("nobody.sock"));
        assertThat(nobody.run("status")).isEqualTo(3);
        assertThat(nobody.err())
                .startsWith("error: no agent runs on this host (there is no ")
                .contains("fix: start it with");
    }

    @Test
    void checkFailsIfOneConditionFails() {
        assertThat(cli.run("check", "web1", "hostB")).isZero();
        assertThat(cli.run("check", "web1,db1", "hostB")).isEqualTo(1);
        assertThat(cli.out())
                .isEqualTo(
                        """
                        RESULT  CODE           FINDING
                        PASS    kernel         kernel 6.18 has what is needed
                        FAIL    shared-memory  the memory of db1 is private
                                fix: start it with memory-backend-memfd,share=on
                        1 of 2 conditions do not hold
                        """);
    }

    @Test
    void theOtherVerbsAskAndSayTheOutcome() {
        assertThat(cli.run("tune", "web1", "--interval", "25ms")).isZero();
        assertThat(cli.out()).isEqualTo("web1: interval is 25ms\n");
        assertThat(cli.run("unprotect", "web1", "--force")).isZero();
        assertThat(cli.out()).isEqualTo("web1 runs on\n");
        assertThat(cli.run("failover", "web1")).isZero();
        assertThat(cli.out()).isEqualTo("web1 runs here\n");
        assertThat(cli.run("version")).isZero();
        assertThat(cli.out()).contains("agent 9.9 on hostA, replication protocol 1 to 2");
        assertThat(cli.run("domains")).isZero();
        assertThat(cli.out()).contains("web1  running  512 MiB  qemu");
        assertThat(operations.calls)
                .containsExactly("tune web1", "unprotect web1 force=true", "failover web1");
    }

    @Test
    void statusIsAsInTheGoldenFiles() throws IOException {
        operations.then(full());
        for (String form : new String[] {"table", "json", "yaml"}) {
            assertThat(cli.run("status", "-o", form)).isZero();
            Path golden = Path.of("src/test/resources/golden/status." + form);
            if (Boolean.getBoolean("remus.docs.write")) {
                Files.createDirectories(golden.getParent());
                Files.writeString(golden, cli.out());
            }
            assertThat(cli.out()).isEqualTo(Files.readString(golden));
        }
    }

    @Test
    void statusFitsAHundredColumns() {
        operations.then(full());
        cli.run("status");
        assertThat(cli.out().lines()).allMatch(line -> line.length() <= 100);
    }

    @Test
    void interruptingProtectUnprotectsAndReturns130() throws Exception {
        operations.then(state("SEEDING").setSeedTotalBytes(100));
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                "remus.agent.cli.Main",
                                "protect",
                                "web1",
                                "hostB",
                                "--socket",
                                server.socket().toString())
                        .redirectErrorStream(true)
                        .start();
        try (var reader = process.inputReader()) {
            assertThat(reader.readLine()).contains("web1: SEEDING");
            new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
            String rest = String.join("\n", reader.lines().toList());
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(rest).contains("the guest is as it was: web1 runs on");
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).isEqualTo(130);
        assertThat(operations.calls).contains("unprotect web1 force=true");
    }

    @Test
    void startsAPlainAgentWithoutTheParserAndLeavesTheRestToIt() {
        assertThat(Main.plainAgent("agent", "--config", "a.yaml")).isEqualTo(Path.of("a.yaml"));
        assertThat(Main.plainAgent("agent")).isEqualTo(Path.of("/etc/remus/agent.yaml"));
        String[][] others = {
            {},
            {"status"},
            {"agent", "--help"},
            {"agent", "--config", "--help"},
            {"agent", "--config=a.yaml"},
            {"agent", "--config", "a.yaml", "--supervise"},
        };
        for (String[] other : others) {
            assertThat(Main.plainAgent(other)).as(String.join(" ", other)).isNull();
        }
    }

    @Test
    void theCommandLineLoadsNothingOfTheDaemon() throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-verbose:class",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "remus.agent.cli.Main",
                                "status",
                                "--socket",
                                server.socket().toString())
                        .redirectErrorStream(true)
                        .start();
        String loaded = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(loaded).contains("remus.agent.cli.StatusCommand");
        assertThat(loaded.lines())
                .noneMatch(
                        line ->
                                line.matches(
                                        ".* (io\\.netty|com\\.linecorp|org\\.slf4j|ch\\.qos|com\\.google\\.common|remus\\.agent\\.daemon)\\..*"));
    }

    private static GroupStatus.Builder state(String state) {
        return GroupStatus.newBuilder()
                .setName("web1")
                .setRole("primary")
                .setPeer("hostB")
                .setState(state);
    }

    private static GroupStatus.Builder full() {
        return state("PROTECTED")
                .setName("shop")
                .setUuid("6a0c2c1e-0000-4000-8000-000000000001")
                .setReasonCode("acknowledged")
                .setReason("hostB acknowledges every checkpoint")
                .setSinceUnixMillis(1_000_000 - 134_000)
                .setFailover("manual")
                .setIntervalNanos(50_000_000)
                .setEpoch(123_457)
                .setAckedEpoch(123_456)
                .setLastAckAgeNanos(31_400_000)
                .setPauseNanos(
                        Distribution.newBuilder()
                                .setP50(3_120_000)
                                .setP99(7_240_000)
                                .setMax(9_000_000))
                .setDirtyPages(Distribution.newBuilder().setP50(812).setP99(2048).setMax(4000))
                .setBandwidthBytesPerSecond(43_000_000)
                .setCheckpointsPerSecond(19.5)
                .setDiskLagBytes(1_258_291)
                .addMembers(
                        MemberStatus.newBuilder()
                                .setName("web1")
                                .setState("running")
                                .setHeldBytes(12_288)
                                .setHeldPackets(9)
                                .addDisks(
                                        DiskStatus.newBuilder()
                                                .setName("data")
                                                .setBytes(10L << 30)
                                                .setCopiedBytes(10L << 30)
                                                .setSentBytes(4L << 30)
                                                .setHeldBytes(1_258_291)
                                                .setState("replicated")
                                                .setMode("mirror"))
                                .addDisks(
                                        DiskStatus.newBuilder()
                                                .setName("scratch")
                                                .setBytes(2L << 30)
                                                .setState("not-replicated")))
                .addMembers(
                        MemberStatus.newBuilder()
                                .setName("db1")
                                .setState("running")
                                .setClockLagNanos(1_200_000_000L));
    }
}
