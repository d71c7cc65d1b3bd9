package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import remus.domain.DiskSelection;

class QemuDiskTest {
    private static final DiskSelection WRITABLE = DiskSelection.WRITABLE;

    private static QemuDisk drive(String backend, String qdev, String node, boolean writable) {
        return new QemuDisk(
                "name", backend, node, qdev, "raw", "/srv/" + node, 1, 1, writable, false);
    }

    @Test
    void firmwaresFlashIsNoDiskWhateverItIsCalled() {
        assertThat(
                        drive("pflash1", "/machine/system.flash1", "#block330", true)
                                .isReplicated(WRITABLE))
                .isFalse();
        assertThat(drive("", "/machine/system.flash1", "vars", true).isReplicated(WRITABLE))
                .isFalse();
    }

    @Test
    void diskThatIsCalledFlashIsADisk() {
        String qdev = "/machine/peripheral/d0/virtio-backend";
        assertThat(drive("", qdev, "mypflash", true).isReplicated(WRITABLE)).isTrue();
        assertThat(
                        drive("pflash9", "/machine/unattached/device[3]", "x", true)
                                .isReplicated(WRITABLE))
                .isTrue();
        assertThat(drive("cd", "/machine/unattached/device[4]", "cd", false).isReplicated(WRITABLE))
                .isFalse();
    }

    @Test
    void whatTheOperatorSaysDecidesOnDisksButNotOnFlash() {
        QemuDisk disk = drive("d", "/machine/peripheral/d0/virtio-backend", "n", true);
        QemuDisk cd = drive("cd", "/machine/unattached/device[4]", "cd", false);
        QemuDisk flash = drive("pflash1", "/machine/system.flash1", "#block330", true);
        DiskSelection media = new DiskSelection(List.of(), true);
        DiskSelection none = new DiskSelection(List.of("all"), false);
        assertThat(cd.isReplicated(media)).isTrue();
        assertThat(disk.isReplicated(media)).isTrue();
        assertThat(flash.isReplicated(media)).isFalse();
        assertThat(disk.isReplicated(none)).isFalse();
        assertThat(disk.isLeftOut(none)).isTrue();
        assertThat(cd.isLeftOut(none)).as("it is not replicated anyway").isFalse();
        assertThat(flash.isLeftOut(none)).as("it travels as memory").isFalse();
        assertThat(disk.isLeftOut(new DiskSelection(List.of("name"), false))).isTrue();
        assertThat(disk.isLeftOut(new DiskSelection(List.of("other"), false))).isFalse();
    }
}
