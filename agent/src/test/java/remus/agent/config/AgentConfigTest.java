package remus.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import remus.agent.GeneratedDoc;

final class AgentConfigTest {
    private static final Path SAMPLES = Path.of("..", "deploy", "samples");

    static List<Path> valid() throws IOException {
        return yaml(SAMPLES);
    }

    static List<Path> invalid() throws IOException {
        return yaml(SAMPLES.resolve("invalid"));
    }

    @ParameterizedTest
    @MethodSource("valid")
    void readsEverySample(Path file) throws Exception {
        assertThat(AgentConfig.load(file).name()).isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("invalid")
    void refusesEveryWrongSampleWithTheMessageInItsFirstLine(Path file) throws IOException {
        String promise = Files.readAllLines(file).get(0).substring(2);
        String expected = file + ":" + promise.replace(" | fix: ", "\n  fix: ");
        assertThatThrownBy(() -> AgentConfig.load(file))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith(expected);
    }

    @Test
    void reportsEveryMistakeAtOnce() {
        Path file = SAMPLES.resolve("invalid/two-mistakes.yaml");
        assertThatThrownBy(() -> AgentConfig.load(file))
                .hasMessageContaining(":2:1:")
                .hasMessageContaining(":3:11:");
    }

    @Test
    void hasTheDocumentedDefaults() throws Exception {
        AgentConfig config = AgentConfig.parse("empty.yaml", "");
        assertThat(config.listen()).isEqualTo(new HostPort("0.0.0.0", 7070));
        assertThat(config.interval()).isEqualTo(Duration.ofMillis(50));
        assertThat(config.stagingBytes()).isEqualTo(256L << 20);
        assertThat(config.detection())
                .isEqualTo(
                        new AgentConfig.Detection(
                                Duration.ofMillis(100),
                                Duration.ofSeconds(1),
                                Duration.ofMillis(100)));
        assertThat(config.peers()).isEmpty();
        assertThat(config.standby().ramDir()).isEqualTo(Path.of("/dev/shm/remus"));
        assertThat(config.disks().exports()).isEmpty();
    }

    @Test
    void readsExportsByTheirNames() throws Exception {
        assertThat(AgentConfig.load(SAMPLES.resolve("exports.yaml")).disks().exports())
                .isEqualTo(
                        Map.of(
                                "web1-root", Path.of("/srv/web1-root.img"),
                                "web1-data", Path.of("/dev/vg0/web1-data")));
    }

    @Test
    void theFullSampleSaysTheDefaults() throws Exception {
        AgentConfig full = AgentConfig.load(SAMPLES.resolve("full.yaml"));
        AgentConfig empty = AgentConfig.parse("empty.yaml", "");
        assertThat(full.detection()).isEqualTo(empty.detection());
        assertThat(full.runDir()).isEqualTo(empty.runDir());
        assertThat(full.peers().get("hostC")).isEqualTo(new HostPort("fd00::3", 7070));
        assertThat(full.standby().interfaces()).isEqualTo(Map.of("tap0", "tap1"));
        assertThat(full.standby().paths())
                .isEqualTo(Map.of("/var/lib/images", Path.of("/srv/images")));
    }

    @Test
    void theFullSampleHasEveryKey() throws Exception {
        String text = Files.readString(SAMPLES.resolve("full.yaml"));
        for (Setting setting : Setting.values()) {
            String key = setting.key.substring(setting.key.lastIndexOf('.') + 1);
            assertThat(text).containsPattern("(?m)^ *" + key + ":");
        }
        AgentConfig.Disks disks = AgentConfig.load(SAMPLES.resolve("full.yaml")).disks();
        AgentConfig.Disks defaults = AgentConfig.parse("empty.yaml", "").disks();
        assertThat(disks.images()).isEqualTo(Map.of("web1/data", Path.of("/srv/web1.img")));
        assertThat(disks.exports()).isEqualTo(Map.of("web2-root", Path.of("/srv/web2-root.img")));
        assertThat(disks)
                .usingRecursiveComparison()
                .ignoringFields("images", "exports", "exportUser")
                .isEqualTo(defaults);
    }

    @Test
    void thereIsNoWitnessUnlessOneIsNamed() throws Exception {
        assertThat(AgentConfig.parse("empty.yaml", "").witness()).isNull();
        AgentConfig.Witness witness =
                AgentConfig.parse("one.yaml", "witness:\n  connect: w:2181").witness();
        assertThat(witness.connect()).isEqualTo("w:2181");
        assertThat(witness.sessionTimeout()).isEqualTo(Duration.ofSeconds(4));
        assertThat(witness.credentials()).isNull();
        assertThatThrownBy(() -> AgentConfig.parse("bad.yaml", "witness:\n  connect: w:2181,other"))
                .isInstanceOf(ConfigException.class);
    }

    @Test
    void imagesAreSparseAndOldCopiesKeptUnlessSaidOtherwise() throws Exception {
        AgentConfig.Disks defaults = AgentConfig.parse("empty.yaml", "").disks();
        assertThat(defaults.preallocated()).isFalse();
        assertThat(defaults.resyncInPlace()).isFalse();
        String yaml = "disks:\n  allocation: full\n  resync: in-place\n";
        AgentConfig.Disks disks = AgentConfig.parse("disks.yaml", yaml).disks();
        assertThat(disks.preallocated()).isTrue();
        assertThat(disks.resyncInPlace()).isTrue();
    }

    @Test
    void refusesAFileThatIsNotThere() {
        assertThatThrownBy(() -> AgentConfig.load(Path.of("/nowhere/agent.yaml")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("fix: give it with --config FILE");
    }

    @Test
    void theDocumentIsFresh() throws IOException {
        GeneratedDoc.assertFresh(
                "configuration.md",
                "# Configuration of the agent\n\n"
                    + "`remus agent --config FILE` reads one YAML file, /etc/remus/agent.yaml by"
                    + " default. Every key has a\n"
                    + "default; an unknown key, a value out of bounds or a broken relation stops"
                    + " the start, with its line,\n"
                    + "its column and the correction. This page is made from the code.\n\n"
                        + Setting.markdown()
                        + "\nDurations are "
                        + DurationText.FORM
                        + ". Sizes are "
                        + SizeText.FORM
                        + ".\n"
                        + "A key with a dot is nested: `standby:` and, indented below it,"
                        + " `ram-dir:`.\n\n"
                        + "Relations that are checked: silence-limit >= 3 x heartbeat-interval;"
                        + " silence-limit >= interval;\n"
                        + "silence-limit >= reconnect-grace; run-dir is not state-dir; no image is"
                        + " given twice under disks.exports and disks.images.\n");
    }

    private static List<Path> yaml(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
        }
    }
}
