package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.domain.Finding;

final class StandbyCheckTest {
    private static final String EMPTY_SHA256 =
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    @TempDir Path directory;
    private Path qemu;
    private Path kernel;
    private List<QemuDisk> disks = List.of();
    private List<String> replicated = List.of();

    @BeforeEach
    void files() throws IOException {
        qemu = directory.resolve("qemu");
        Files.writeString(qemu, "#!/bin/sh\necho 'QEMU emulator version 7.2.22 (Debian)'\n");
        assertThat(qemu.toFile().setExecutable(true)).isTrue();
        kernel = Files.createFile(directory.resolve("vmlinuz"));
    }

    @Test
    void passesWhatFits() {
        assertThat(check(spec("", "7.2.22", 1 << 20, EMPTY_SHA256)))
                .allMatch(Finding::passed)
                .extracting(Finding::code)
                .containsExactly(
                        "qemu-version",
                        "memory",
                        "command-line",
                        "boot-file",
                        "accelerator",
                        "cpu-model");
    }

    @Test
    void namesBothVersions() {
        Finding finding = failed(spec("", "8.0.1", 1 << 20, EMPTY_SHA256), "qemu-version");
        assertThat(finding.problem()).contains("7.2.22", "8.0.1");
    }

    @Test
    void missesTheBinary() throws IOException {
        Files.delete(qemu);
        failed(spec("", "7.2.22", 1 << 20, EMPTY_SHA256), "qemu-missing");
    }

    @Test
    void missesMemory() {
        failed(spec("", "7.2.22", 1L << 46, EMPTY_SHA256), "out-of-memory");
    }

    @Test
    void seesAnotherKernelOrNone() throws IOException {
        failed(spec("", "7.2.22", 1 << 20, "00"), "boot-file");
        Files.delete(kernel);
        failed(spec("", "7.2.22", 1 << 20, EMPTY_SHA256), "boot-file");
    }

    @Test
    void reportsWhatAStandbyCannotHave() {
        failed(spec("-netdev tap,id=n,fd=3", "7.2.22", 1 << 20, EMPTY_SHA256), "tap-by-descriptor");
        failed(spec("-netdev tap,ifname=rmnone", "7.2.22", 1 << 20, EMPTY_SHA256), "no-tap");
        failed(spec("-netdev tap,ifname=lo", "7.2.22", 1 << 20, EMPTY_SHA256), "no-tap");
        failed(spec("-netdev tap,ifname=../lo", "7.2.22", 1 << 20, EMPTY_SHA256), "no-tap");
    }

    @Test
    void missesAMediumOrSeesAnother() throws IOException {
        Path iso = Files.write(directory.resolve("iso"), new byte[1024]);
        String drive = "-drive if=none,id=cd,readonly=on,file=" + iso;
        disks = List.of(medium(iso, 1024));
        assertThat(check(spec(drive, "7.2.22", 1 << 20, EMPTY_SHA256)))
                .allMatch(Finding::passed)
                .extracting(Finding::code)
                .contains("medium");
        disks = List.of(medium(iso, 2048));
        Finding other = failed(spec(drive, "7.2.22", 1 << 20, EMPTY_SHA256), "medium");
        assertThat(other.problem()).contains("1024 bytes", "2048");
        Files.delete(iso);
        failed(spec(drive, "7.2.22", 1 << 20, EMPTY_SHA256), "medium");
    }

    @Test
    void aMediumThatIsSentNeedNotBeHere() {
        Path iso = directory.resolve("not-here.iso");
        disks = List.of(medium(iso, 1024));
        replicated = List.of("cd");
        String drive = "-drive if=none,id=cd,readonly=on,file=" + iso;
        assertThat(check(spec(drive, "7.2.22", 1 << 20, EMPTY_SHA256)))
                .allMatch(Finding::passed)
                .extracting(Finding::code)
                .doesNotContain("medium");
    }

    @Test
    void aDiskThatIsLeftOutIsHereAndOfTheSizeThatTheGuestSees() throws Exception {
        Path file = directory.resolve("scratch");
        QemuStandbySpec raw = leftOut(file, "raw");
        Finding missing = failed(raw, "medium");
        assertThat(missing.correction()).contains("qemu-img create -f raw", "65536");
        Files.write(file, new byte[512]);
        assertThat(failed(raw, "medium").problem()).contains("512 bytes", "65536");
        Files.write(file, new byte[1 << 16]);
        assertThat(check(raw)).allMatch(Finding::passed);
        QemuStandbySpec qcow2 = leftOut(file, "qcow2");
        Files.write(file, qcow2Header(1 << 16));
        assertThat(check(qcow2)).allMatch(Finding::passed);
        Files.write(file, qcow2Header(1 << 17));
        assertThat(failed(qcow2, "medium").problem()).contains("131072 bytes");
        ByteBuffer looksLikeOne = ByteBuffer.allocate(1 << 16).put(qcow2Header(1 << 17));
        Files.write(file, looksLikeOne.array());
        assertThat(check(leftOut(file, "raw")))
                .as("what a guest wrote to a raw disk is no header")
                .allMatch(Finding::passed);
    }

    private QemuStandbySpec leftOut(Path file, String format) {
        disks =
                List.of(
                        new QemuDisk(
                                "s",
                                "s",
                                "#block1",
                                "",
                                format,
                                file.toString(),
                                7,
                                1 << 16,
                                true,
                                false));
        return spec("-drive if=none,id=s,file=" + file, "7.2.22", 1 << 20, EMPTY_SHA256);
    }

    private static byte[] qcow2Header(long bytes) {
        return ByteBuffer.allocate(104).putInt(0x514649fb).putInt(3).putLong(24, bytes).array();
    }

    private static QemuDisk medium(Path file, long bytes) {
        return new QemuDisk(
                "cd", "cd", "#block1", "", "raw", file.toString(), bytes, bytes, false, false);
    }

    private Finding failed(QemuStandbySpec spec, String code) {
        List<Finding> failed = check(spec).stream().filter(f -> !f.passed()).toList();
        assertThat(failed).extracting(Finding::code).containsExactly(code);
        assertThat(failed.get(0).correction()).isNotEmpty();
        return failed.get(0);
    }

    private List<Finding> check(QemuStandbySpec spec) {
        StandbySettings settings =
                new StandbySettings(
                        directory,
                        directory,
                        Map.of(),
                        Map.of("/primary/vmlinuz", kernel.toString()),
                        List.of(),
                        false,
                        1,
                        1);
        return new StandbyCheck(spec, replicated, settings).findings();
    }

    private QemuStandbySpec spec(String option, String version, long bytes, String sha256) {
        List<String> argv = List.of((qemu + " -accel tcg -m 1 " + option).trim().split(" "));
        return new QemuStandbySpec(
                argv,
                "/",
                version,
                "pc-q35-7.2",
                "qemu64-x86_64-cpu",
                List.of(new QemuStandbySpec.Block("pc.ram", 0, bytes, bytes)),
                List.of(),
                List.of(),
                List.of(new QemuStandbySpec.BootFile("kernel", "/primary/vmlinuz", sha256)),
                disks);
    }
}
