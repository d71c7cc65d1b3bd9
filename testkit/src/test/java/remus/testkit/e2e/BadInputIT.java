package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What cannot work is refused with its reason and what mends it; no guest notices. */
@ExtendWith(Evidence.class)
final class BadInputIT {
    private static Lab lab;
    private static Qmp owner;
    private static List<String> shape;

    @BeforeAll
    static void ready() {
        lab = Lab.ready();
        owner = lab.owner(Lab.A, Lab.VM);
        shape = owner.shape();
    }

    @AfterAll
    static void down() {
        lab.close();
    }

    private static void refused(String code, String domain, String host, String... more) {
        List<String> arguments = new ArrayList<>(List.of("protect", domain, host));
        arguments.addAll(List.of(more));
        Outcome outcome = lab.remus(Lab.A, arguments.toArray(String[]::new));
        System.out.println(code + ": " + outcome.err().trim().replace("\n", " | "));
        assertThat(outcome.code()).as(outcome.toString()).isEqualTo(1);
        assertThat(outcome.err()).contains("error: ").contains("fix: ").contains("[" + code + "]");
        assertThat(outcome.err()).doesNotContain("internal-error").doesNotContain("Exception");
        assertThat(owner.status()).isEqualTo("running");
        assertThat(owner.shape()).isEqualTo(shape);
    }

    private static void startBare(String name, String... more) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "qemu-system-x86_64",
                                "-name",
                                name,
                                "-machine",
                                "q35",
                                "-m",
                                "32",
                                "-accel",
                                "tcg",
                                "-nodefaults",
                                "-display",
                                "none",
                                "-daemonize"));
        command.addAll(List.of(more));
        lab.on(Lab.A, command.toArray(String[]::new)).succeeded();
    }

    private static String[] monitor(String name, String... more) {
        List<String> words =
                new ArrayList<>(
                        List.of("-qmp", "unix:/run/vm/" + name + ".qmp,server=on,wait=off"));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    @Test
    void domainsThatAreNotOneAreRefused() {
        refused("unknown-domain", "nobody", Lab.B);
        startBare("twin", monitor("twin1"));
        startBare("twin", monitor("twin2"));
        refused("ambiguous-name", "twin", Lab.B);
    }

    @Test
    void monitorsThatDoNotAnswerAreRefused() throws Exception {
        startBare("mute");
        refused("no-monitor", "mute", Lab.B);
        startBare("busy", monitor("busy"));
        Qmp held = Qmp.connect(lab.directory.resolve(Lab.A).resolve("busy.qmp"));
        refused("monitor-busy", "busy", Lab.B);
        held.close();
    }

    @Test
    void hardwareThatCannotBeReplicatedIsRefused() {
        startBare(
                "user", monitor("user", "-netdev", "user,id=n", "-device", "virtio-net,netdev=n"));
        refused("user-netdev", "user", Lab.B);
        lab.on(Lab.A, "truncate", "-s", "1M", "/run/vm/disk1", "/run/vm/disk2").succeeded();
        String drive = "if=none,id=d,format=raw,file=/run/vm/";
        startBare(
                "nvme",
                monitor("nvme", "-drive", drive + "disk1", "-device", "nvme,drive=d,serial=1"));
        refused("migration-blocked", "nvme", Lab.B);
        startBare(
                "disk",
                monitor(
                        "disk",
                        "-drive",
                        drive + "disk2",
                        "-device",
                        "virtio-blk,drive=d,share-rw=on"));
        refused("disk-shared", "disk", Lab.B);
    }

    @Test
    void backupsThatCannotBeReachedAreRefused() {
        refused("unknown-host", Lab.VM, "hostC");
        lab.signal(lab.pid(Lab.B, "agent"), "TERM");
        await("it stops").atMost(Duration.ofSeconds(20)).until(() -> !lab.answers(Lab.B));
        refused("backup-unreachable", Lab.VM, Lab.B);
        lab.startAgent(Lab.B);
        lab.awaitAgent(Lab.B);
    }

    @Test
    void backupsThatCannotHoldTheStandbyAreRefused() {
        lab.on(Lab.B, "mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", "/run/standby")
                .succeeded();
        refused("out-of-memory", Lab.VM, Lab.B);
        lab.on(Lab.B, "umount", "/run/standby").succeeded();

        String qemu =
                Outcome.run("sh", "-c", "readlink -f $(command -v qemu-system-x86_64)")
                        .out()
                        .trim();
        lab.on(Lab.B, "mount", "--bind", "/dev/null", qemu).succeeded();
        refused("qemu-missing", Lab.VM, Lab.B);
        lab.on(Lab.B, "umount", qemu).succeeded();
    }

    @Test
    void garbageOnTheReplicationPortHarmsNobody() {
        lab.protectAutomatically();
        CountingClient client = lab.client();
        client.awaitMore(20);
        Outcome twice = lab.remus(Lab.A, "protect", Lab.VM, Lab.B);
        assertThat(twice.code()).isEqualTo(1);
        assertThat(twice.err()).contains("[already-protected]").contains("fix: ");

        long agent = lab.agentPid(Lab.B);
        // sends the bytes, and ends well only if the agent closes the connection
        String stranger =
                """
                import socket, sys
                s = socket.create_connection(("10.78.0.2", 7070), 5)
                s.settimeout(15)
                answer = b""
                try:
                    s.sendall(bytes.fromhex(sys.argv[1]) * int(sys.argv[2]))
                    while piece := s.recv(4096):
                        answer += piece
                except ConnectionError:
                    pass
                print(answer)
                """;
        for (String[] garbage :
                new String[][] {
                    {"noise", "d1f3a7", "100000"},
                    {"no frame", "474554202f20485454502f312e310d0a0d0a", "1"},
                    {"a version of the future", "524d6301" + "00".repeat(16), "1"},
                    {"oversized lengths", "524d010100000000ffffffffffffffff00000000", "1"},
                    {"a truncated frame", "524d01010000000000000010000000000000000061", "1"}
                }) {
            Outcome closed = lab.on(Lab.A, "python3", "-c", stranger, garbage[1], garbage[2]);
            System.out.println(garbage[0] + ": " + closed.out().trim());
            assertThat(closed.code()).as(garbage[0] + " " + closed).isZero();
        }
        assertThat(lab.agentPid(Lab.B)).isEqualTo(agent);
        assertThat(lab.agentLog(Lab.B)).doesNotContain("bug:");
        assertThat(lab.awaitState(Lab.A, "PROTECTED").getState()).isEqualTo("PROTECTED");
        client.awaitMore(20);
        client.assertNothingLost();
        lab.remus(Lab.A, "unprotect", Lab.VM).succeeded();
        assertThat(owner.shape()).isEqualTo(shape);
    }
}
