package remus.agent.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import remus.agent.config.AgentConfig;
import remus.diskbuf.DiskCopy;
import remus.domain.Disk;
import remus.domain.StandbySpec;

@Timeout(60)
final class LocalDisksTest {
    private static final long BYTES = 4 << 20;

    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anImageTakesAllItsSpaceAtOnceOnlyIfThatIsSaid(boolean preallocated)
            throws IOException, InterruptedException {
        AgentConfig.Disks config =
                new AgentConfig.Disks(
                        directory.resolve("disks"),
                        Map.of(),
                        Map.of(),
                        "",
                        16 << 20,
                        true,
                        preallocated,
                        false,
                        8 << 20);
        LocalExports none = new LocalExports(Map.of(), "", directory.resolve("exports"));
        LocalDisks disks = new LocalDisks(config, directory.resolve("run"), none);
        StandbySpec member =
                new StandbySpec(
                        "web1", "uuid", "qemu", "", List.of(), List.of(new Disk("data", BYTES)));
        try (DiskCopy copy = disks.open("web1", List.of(member))) {
            Path image = copy.images().get(0);
            assertThat(image).hasSize(BYTES);
            assertThat(allocated(image) >= BYTES).isEqualTo(preallocated);
        }
    }

    private static long allocated(Path file) throws IOException, InterruptedException {
        Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
        String blocks = new String(stat.getInputStream().readAllBytes(), UTF_8).trim();
        assertThat(stat.waitFor()).isZero();
        return Long.parseLong(blocks) * 512;
    }
}
