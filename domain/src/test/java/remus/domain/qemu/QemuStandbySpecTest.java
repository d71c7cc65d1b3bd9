package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import remus.domain.DomainException;

final class QemuStandbySpecTest {

    @Test
    void survivesTheWayThroughJson() {
        QemuStandbySpec spec =
                new QemuStandbySpec(
                        List.of("qemu-system-x86_64", "-append", "console=ttyS0 panic=-1"),
                        "/",
                        "7.2.22",
                        "pc-q35-7.2",
                        "qemu64-x86_64-cpu",
                        List.of(
                                new QemuStandbySpec.Block("pc.ram", 0, 5L << 30, 2L << 30),
                                new QemuStandbySpec.Block(
                                        "pc.bios", 0xfffc0000L, 1 << 18, 1 << 18)),
                        List.of(new DeviceSection("timer", 0, 2)),
                        List.of("virtio-net-pci net0"),
                        List.of(new QemuStandbySpec.BootFile("kernel", "/boot/vmlinuz", "00")),
                        List.of(
                                new QemuDisk(
                                        "vda", "vda", "#block1", "/m", "qcow2", "/d", 1, 2, true,
                                        false)));
        assertThat(QemuStandbySpec.fromJson(spec.toJson())).isEqualTo(spec);
    }

    @Test
    void saysWhatIsWrongWithTextThatIsNone() {
        assertThatThrownBy(() -> QemuStandbySpec.fromJson("{\"argv\": 3}"))
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> assertThat(e.code()).isEqualTo("bad-standby-spec"));
    }
}
