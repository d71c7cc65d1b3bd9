package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import remus.domain.Disk;
import remus.domain.DiskSelection;
import remus.domain.Finding;

final class DiskChecksTest {
    private static final String DISK =
            "{'device':'virtio0','qdev':'/machine/peripheral-anon/device[0]/virtio-backend',"
                    + "'removable':false,'inserted':{'ro':false,'node-name':'#block1','drv':'raw',"
                    + "'encrypted':false,'image':{'virtual-size':4096,'filename':'a'}}}";
    private static final String BLOCKDEV =
            DISK.replace("'device':'virtio0'", "'device':''").replace("#block1", "n0");
    private static final String FLASH =
            "{'device':'','qdev':'/machine/system.flash0','inserted':{'ro':false,'node-name':'vars',"
                + "'drv':'raw','image':{'virtual-size':4096,'filename':'/vars.fd'}}}";
    private static final String EMPTY_CD =
            "{'device':'ide2-cd0','removable':true,'tray_open':false}";
    private static final String PLAIN = "-drive if=virtio,file=a";

    private record FakeMonitor(String drives, String jobs) implements Monitor {
        @Override
        public JsonNode execute(String command, Map<String, ?> arguments) {
            String answer = command.equals("query-block") ? drives : jobs;
            try {
                return new ObjectMapper().readTree("[" + answer.replace('\'', '"') + "]");
            } catch (JsonProcessingException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void onEvent(Consumer<JsonNode> listener) {}

        @Override
        public void removeEventListener(Consumer<JsonNode> listener) {}

        @Override
        public void onClosed(Consumer<String> listener) {}

        @Override
        public void close() {}
    }

    private static List<QemuDisk> list(String drives) {
        return QemuDisk.list(new FakeMonitor(drives, ""), Path.of("/vm"));
    }

    private static List<String> failed(String line, String drives) {
        return examine(line, drives, DiskSelection.WRITABLE, false).stream()
                .filter(f -> !f.passed())
                .peek(f -> assertThat(f.correction()).isNotEmpty())
                .map(Finding::code)
                .toList();
    }

    private static List<Finding> examine(
            String line, String drives, DiskSelection selection, boolean unsafe) {
        List<String> argv = Arrays.asList(("qemu-system-x86_64 " + line).split(" "));
        QemuProcess process = new QemuProcess(1, 1, "vm", argv, Path.of("/vm"), List.of());
        return new DiskChecks(process, new FakeMonitor(drives, ""), selection, unsafe).examine();
    }

    private static Finding finding(List<Finding> findings, String code) {
        return findings.stream().filter(f -> f.code().equals(code)).findFirst().orElseThrow();
    }

    @Test
    void listsMediaByNamesThatARestartKeeps() {
        List<QemuDisk> disks = list(DISK + "," + EMPTY_CD + "," + BLOCKDEV + "," + BLOCKDEV);
        assertThat(disks)
                .extracting(QemuDisk::name)
                .containsExactly("virtio0", "device0", "device0.2");
        assertThat(disks.get(0))
                .isEqualTo(
                        new QemuDisk(
                                "virtio0",
                                "virtio0",
                                "#block1",
                                "/machine/peripheral-anon/device[0]/virtio-backend",
                                "raw",
                                "/vm/a",
                                0,
                                4096,
                                true,
                                false));
        assertThat(disks.get(0).disk()).isEqualTo(new Disk("virtio0", 4096));
    }

    @Test
    void flashTravelsAsMemory() {
        assertThat(list(FLASH)).noneMatch(d -> d.isReplicated(DiskSelection.WRITABLE));
        String line =
                "-blockdev driver=raw,node-name=vars,file.driver=file,file.filename=/vars.fd"
                        + " -machine q35,pflash0=vars";
        assertThat(failed(line, FLASH)).isEmpty();
    }

    @Test
    void passesDisksOfTheCommandLineAndEmptyDrives() {
        assertThat(failed(PLAIN, DISK)).isEmpty();
        assertThat(failed(PLAIN, DISK.replace("'ro':false", "'ro':true"))).isEmpty();
        assertThat(failed(PLAIN, DISK + "," + EMPTY_CD)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-drive if=virtio,file=b | disk-not-on-command-line",
                "-drive if=virtio,file=a,snapshot=on | snapshot",
                "-drive if=virtio,file=a -device virtio-blk-pci,share-rw=on | disk-shared",
                "-drive if=virtio,file=a -device {\"driver\":\"scsi-hd\",\"share-rw\":true} |"
                        + " disk-shared",
            })
    void refuses(String line, String code) {
        assertThat(failed(line, DISK)).containsExactly(code);
    }

    @Test
    void refusesADiskThatQemuEncrypts() {
        assertThat(failed(PLAIN, DISK.replace("'encrypted':false", "'encrypted':true")))
                .containsExactly("disk-encrypted");
    }

    @ParameterizedTest
    @ValueSource(strings = {"virtio0", "all"})
    void aDiskIsLeftOutOnlyByOneWhoAcceptsTheLoss(String name) {
        DiskSelection selection = new DiskSelection(List.of(name), false);
        Finding refused = finding(examine(PLAIN, DISK, selection, false), "disk-not-replicated");
        assertThat(refused.passed()).isFalse();
        assertThat(refused.problem())
                .contains("virtio0 (/vm/a, 4096 bytes)", "stays at this host", "same path");
        assertThat(refused.correction()).contains("--unsafe");
        Finding accepted = finding(examine(PLAIN, DISK, selection, true), "disk-not-replicated");
        assertThat(accepted.passed()).isTrue();
        assertThat(accepted.problem()).isEqualTo(refused.problem());
    }

    @Test
    void aNameThatMeansNoDiskIsRefused() {
        String cd = DISK.replace("virtio0", "cd").replace("'ro':false", "'ro':true");
        DiskSelection selection = new DiskSelection(List.of("virtio0", "cd", "x"), false);
        String line = PLAIN + " -drive id=cd,file=a";
        Finding unknown = finding(examine(line, DISK + "," + cd, selection, true), "unknown-disk");
        assertThat(unknown.problem()).contains("cd, x", "[virtio0]");
    }

    @Test
    void encryptionMattersOnlyForWhatIsReplicated() {
        String encrypted = DISK.replace("'encrypted':false", "'encrypted':true");
        DiskSelection none = new DiskSelection(List.of("all"), false);
        assertThat(examine(PLAIN, encrypted, none, true)).allMatch(Finding::passed);
    }

    @Test
    void toleratesOurOwnJobsOnly() {
        String ours = "{'device':'remus-mirror-0','type':'mirror'}";
        String theirs = "{'device':'backup','type':'commit'}";
        assertThat(DiskChecks.noForeignJob(new FakeMonitor("", ours)).passed()).isTrue();
        Finding finding = DiskChecks.noForeignJob(new FakeMonitor("", ours + "," + theirs));
        assertThat(finding.code()).isEqualTo("block-job-in-progress");
        assertThat(finding.problem()).contains("commit", "backup");
    }
}
