package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class QemuDiskTest {
    private static QemuDisk drive(String backend, String qdev, String node, boolean writable) {
        return new QemuDisk(
                "name", backend, node, qdev, "raw", "/srv/" + node, 1, 1, writable, false);
    }

    @Test
    void firmwaresFlashIsNoDiskWhateverItIsCalled() {
        assertThat(drive("pflash1", "/machine/system.flash1", "#block330", true).isReplicated())
                .isFalse();
        assertThat(drive("", "/machine/system.flash1", "vars", true).isReplicated()).isFalse();
    }

    @Test
    void diskThatIsCalledFlashIsADisk() {
        String qdev = "/machine/peripheral/d0/virtio-backend";
        assertThat(drive("", qdev, "mypflash", true).isReplicated()).isTrue();
        assertThat(drive("pflash9", "/machine/unattached/device[3]", "x", true).isReplicated())
                .isTrue();
        assertThat(drive("cd", "/machine/unattached/device[4]", "cd", false).isReplicated())
                .isFalse();
    }
}
