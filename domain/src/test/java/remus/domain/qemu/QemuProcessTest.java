package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import remus.domain.DomainException;

final class QemuProcessTest {

    private static List<Path> monitors(String... words) {
        return QemuProcess.monitors(CommandLine.parse(List.of(words)), Path.of("/srv"));
    }

    private static QemuProcess process(long pid, String name, String... more) {
        return new QemuProcess(
                pid, 1, name, List.of(more), Path.of("/"), List.of(Path.of("/run/" + pid)));
    }

    @Test
    void findsEveryKindOfQmpSocket() {
        assertThat(
                        monitors(
                                "q",
                                "-qmp",
                                "unix:/a,server=on,wait=off",
                                "-qmp-pretty",
                                "unix:b,server",
                                "--qmp",
                                "unix:path=/unsupported",
                                "-chardev",
                                "socket,id=c,path=/c,,d,server=on",
                                "-mon",
                                "chardev=c,mode=control",
                                "-mon",
                                "c,mode=readline",
                                "-qmp",
                                "tcp:localhost:4444,server=on",
                                "-qmp",
                                "stdio"))
                .contains(Path.of("/a"), Path.of("/srv/b"), Path.of("/c,d"));
    }

    @Test
    void ignoresAHumanMonitor() {
        assertThat(
                        monitors(
                                "q",
                                "-chardev",
                                "socket,id=c,path=/c,server=on",
                                "-mon",
                                "chardev=c",
                                "-monitor",
                                "unix:/h,server=on"))
                .isEmpty();
    }

    @Test
    void takesTheNameThatCounts() {
        assertThat(name("-name", "a", "-name", "guest=b,debug-threads=on")).isEqualTo("b");
        assertThat(name("-name", "c,debug-threads=on")).isEqualTo("c");
        assertThat(name("-name", "with,,comma")).isEqualTo("with,comma");
        assertThat(name("-snapshot", "-m", "1")).isEmpty();
    }

    private static String name(String... words) {
        List<String> argv = new ArrayList<>(List.of("q"));
        argv.addAll(List.of(words));
        return QemuProcess.nameOf(CommandLine.parse(argv));
    }

    @Test
    void knowsWhatHappensWhenTheGuestSwitchesItselfOff() {
        assertThat(process(1, "a", "q").shutdownAction()).isEqualTo("poweroff");
        assertThat(process(1, "a", "q", "-no-shutdown").shutdownAction()).isEqualTo("pause");
        assertThat(process(1, "a", "q", "-action", "panic=none,shutdown=pause").shutdownAction())
                .isEqualTo("pause");
    }

    @Test
    void findsByNamePidOrSocket() {
        List<QemuProcess> all = List.of(process(7, "a"), process(8, "b"), process(9, "b"));
        assertThat(QemuProcesses.find(all, "a").pid()).isEqualTo(7);
        assertThat(QemuProcesses.find(all, "9").pid()).isEqualTo(9);
        assertThat(QemuProcesses.find(all, "/run/8").pid()).isEqualTo(8);
        assertThatThrownBy(() -> QemuProcesses.find(all, "b"))
                .hasMessageContaining("pids 8, 9")
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> assertThat(e.code()).isEqualTo("ambiguous-name"));
        assertThatThrownBy(() -> QemuProcesses.find(all, "c"))
                .hasMessageContaining("a 7, b 8, b 9")
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> assertThat(e.code()).isEqualTo("unknown-domain"));
    }
}
