package remus.agent.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import remus.agent.config.AgentConfig;
import remus.agent.control.FakeOperations;
import remus.domain.DomainException;

@Timeout(60)
final class AgentDaemonTest {
    @TempDir Path directory;
    private final FakeOperations operations = new FakeOperations();
    private Path file;
    private AgentConfig config;

    @BeforeEach
    void configure() throws Exception {
        file = directory.resolve("agent.yaml");
        Files.writeString(
                file, "state-dir: %s/state%nrun-dir: %s/run%n".formatted(directory, directory));
        config = AgentConfig.load(file);
    }

    @Test
    void adoptsBeforeTheSocketExistsAndClosesInOrder() {
        AtomicBoolean early = new AtomicBoolean();
        AgentDaemon daemon =
                AgentDaemon.start(
                        config,
                        c -> {
                            early.set(!Files.exists(directory.resolve("run/control.sock")));
                            return operations;
                        });
        assertThat(early).isTrue();
        assertThat(operations.calls).containsExactly("adopt");
        daemon.close();
        assertThat(operations.calls).containsExactly("adopt", "close");
        assertThat(daemon.controlSocket()).doesNotExist();
    }

    @Test
    void onlyItsOwnerReachesTheSocket() throws IOException {
        try (AgentDaemon daemon = AgentDaemon.start(config, c -> operations)) {
            assertThat(mode(daemon.controlSocket())).isEqualTo("rw-------");
            assertThat(mode(directory.resolve("run"))).isEqualTo("rwx--x--x");
            assertThat(mode(directory.resolve("state"))).isEqualTo("rwx------");
        }
    }

    @Test
    void refusesARunDirectoryThatIsOpenToOthersAndLeavesItAsItIs() throws IOException {
        Path run = Files.createDirectory(directory.resolve("run"));
        Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertThatThrownBy(() -> AgentDaemon.start(config, c -> operations).close())
                .isInstanceOf(DomainException.class)
                .hasMessageContaining("is open to other users (rwxr-xr-x)");
        assertThat(mode(run)).isEqualTo("rwxr-xr-x");
        assertThat(operations.calls).isEmpty();
    }

    @Test
    void refusesASecondAgentInTheSameStateDirectory() {
        try (AgentDaemon first = AgentDaemon.start(config, c -> operations)) {
            FakeOperations second = new FakeOperations();
            assertThatThrownBy(() -> AgentDaemon.start(config, c -> second).close())
                    .isInstanceOf(DomainException.class)
                    .hasMessageContaining("process " + ProcessHandle.current().pid());
            assertThat(second.calls).isEmpty();
            assertThat(first.controlSocket()).exists();
        }
        AgentDaemon.start(config, c -> operations).close();
    }

    @Test
    void aDeadSocketDoesNotPreventAStart() throws IOException {
        Path run =
                Files.createDirectory(
                        directory.resolve("run"),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
        Files.createFile(run.resolve("control.sock"));
        AgentDaemon.start(config, c -> operations).close();
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
