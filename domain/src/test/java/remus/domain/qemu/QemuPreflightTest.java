package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import org.junit.jupiter.api.Test;
import remus.domain.Finding;

class QemuPreflightTest {
    /** A drive as QEMU 7.2 lists it. */
    private static String drive(String device, String qdev, String node, boolean readOnly) {
        return """
        {"device": "%s", "qdev": "%s",
         "inserted": {"node-name": "%s", "ro": %s, "file": "/srv/%s.img"}}\
        """
                .formatted(device, qdev, node, readOnly, node);
    }

    private static Finding disks(String... drives) throws JsonProcessingException {
        String list = "[" + String.join(",", drives) + "]";
        return QemuPreflight.disks(JsonMapper.builder().build().readTree(list));
    }

    @Test
    void firmwaresFlashIsNoDiskWhateverItIsCalled() throws JsonProcessingException {
        assertThat(
                        disks(
                                        drive(
                                                "pflash1",
                                                "/machine/system.flash1",
                                                "#block330",
                                                false),
                                        drive("", "/machine/system.flash1", "vars", false),
                                        drive(
                                                "",
                                                "/machine/system.flash0",
                                                "libvirt-pflash0-format",
                                                true))
                                .passed())
                .isTrue();
    }

    @Test
    void diskThatIsCalledFlashIsADisk() throws JsonProcessingException {
        Finding named =
                disks(drive("", "/machine/peripheral/d0/virtio-backend", "mypflash", false));
        assertThat(named.code()).isEqualTo("disk-not-replicated");
        assertThat(named.problem()).contains("/srv/mypflash.img");
        assertThat(disks(drive("pflash9", "/machine/unattached/device[3]", "x", false)).passed())
                .isFalse();
        assertThat(disks(drive("cd", "/machine/unattached/device[4]", "cd", true)).passed())
                .isTrue();
    }

    @Test
    void emptyDriveIsNoDisk() throws JsonProcessingException {
        assertThat(disks("{\"device\": \"ide1-cd0\", \"qdev\": \"/machine/x\"}").passed()).isTrue();
    }
}
