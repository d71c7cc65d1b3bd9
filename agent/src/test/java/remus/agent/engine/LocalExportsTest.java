package remus.agent.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.diskbuf.mirror.ServedDisk;
import remus.domain.DiskSelection.Mode;
import remus.domain.DomainException;
import remus.domain.qemu.QemuDisk;

final class LocalExportsTest {
    private static final long BYTES = 1 << 20;

    @TempDir Path directory;
    private Path image;
    private Path sockets;
    private LocalExports exports;

    @BeforeEach
    void serve() throws IOException {
        image = directory.resolve("root.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(BYTES);
        }
        sockets = directory.resolve("exports");
        Path absent = directory.resolve("absent.img");
        exports = new LocalExports(Map.of("root", image, "absent", absent), "nobody", sockets);
        exports.serve();
    }

    @AfterEach
    void end() {
        exports.close();
        assertThat(sockets).isEmptyDirectory();
    }

    private QemuDisk export(String name, String format, long bytes, boolean writable) {
        String file = "nbd+unix://" + name + "?socket=" + sockets.resolve("root.sock");
        return disk(format, file, bytes, writable);
    }

    private static QemuDisk disk(String format, String file, long bytes, boolean writable) {
        return new QemuDisk("d", "d", "n", "/q", format, file, 0, bytes, writable, false);
    }

    private @Nullable ServedDisk find(String name, String format, long bytes, boolean writable) {
        return exports.find(export(name, format, bytes, writable), Mode.AUTO);
    }

    @Test
    void findsTheDiskThatIsTheExportAsItIs() {
        ServedDisk found = find("/root", "raw", BYTES, true);
        assertThat(found).isNotNull();
        assertThat(found.name()).isEqualTo("root");
        assertThat(find("/root", "nbd", BYTES, true)).isSameAs(found);
        assertThat(find("", "nbd", BYTES, true)).as("by the empty name").isSameAs(found);
    }

    @Test
    void takesNoOtherDiskForIt() {
        assertThat(find("/root", "qcow2", BYTES, true)).isNull();
        assertThat(find("/root", "raw", BYTES - 512, true)).as("a part of it").isNull();
        assertThat(find("/root", "raw", BYTES, false)).isNull();
        assertThat(find("/other", "raw", BYTES, true)).isNull();
        for (String file :
                new String[] {
                    image.toString(),
                    "nbd://10.0.0.1:10809/root",
                    "nbd+unix:///root?socket=/nowhere/root.sock"
                }) {
            assertThat(exports.find(disk("raw", file, BYTES, true), Mode.AUTO)).as(file).isNull();
        }
    }

    @Test
    void modeDecidesWhatBecomesOfADisk() {
        QemuDisk export = export("/root", "raw", BYTES, true);
        assertThat(exports.find(export, Mode.BOOT_TIME)).isNotNull();
        assertThat(exports.find(export, Mode.MIRROR)).isNull();
        assertThatThrownBy(() -> exports.find(disk("raw", "/d.img", BYTES, true), Mode.BOOT_TIME))
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> assertThat(e.code()).isEqualTo("disk-not-exported"));
    }

    @Test
    void mediumThatIsOnlySentIsMirroredInEveryMode() {
        for (Mode mode : Mode.values()) {
            for (QemuDisk medium :
                    List.of(
                            disk("raw", "/cd.iso", BYTES, false),
                            export("/root", "raw", BYTES, false))) {
                assertThat(exports.find(medium, mode)).as(mode + " " + medium).isNull();
            }
        }
    }

    @Test
    void exportWithoutAnImageKeepsNoOtherFromBeingServed() {
        assertThat(sockets.resolve("root.sock")).exists();
        assertThat(sockets.resolve("absent.sock")).doesNotExist();
    }

    @Test
    void socketIsTheUsersOfQemuAlone() throws IOException {
        Path socket = sockets.resolve("root.sock");
        assertThat(Files.getOwner(socket).getName()).isEqualTo("nobody");
        assertThat(Files.getPosixFilePermissions(socket).toString())
                .doesNotContain("OTHERS")
                .doesNotContain("GROUP");
    }

    @Test
    void knowsTheImagesThatItServes() throws IOException {
        assertThat(exports.of(image)).isEqualTo("root");
        Path link = Files.createSymbolicLink(directory.resolve("link"), image);
        assertThat(exports.of(link)).isEqualTo("root");
        assertThat(exports.of(directory.resolve("other.img"))).isNull();
    }
}
