package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import remus.domain.DiskSelection;
import remus.domain.DomainException;

final class StandbyDisksTest {
    private static final Path CWD = Path.of("/vm");

    /** As libvirt writes a qcow2 with a backing file, an ISO and an OVMF flash. */
    private static final String LIBVIRT =
            "-blockdev"
                + " {\"driver\":\"file\",\"filename\":\"/usr/share/OVMF_CODE.fd\",\"node-name\":\"libvirt-pflash0-storage\",\"auto-read-only\":true,\"discard\":\"unmap\"}"
                + " -blockdev"
                + " {\"node-name\":\"libvirt-pflash0-format\",\"read-only\":true,\"driver\":\"raw\",\"file\":\"libvirt-pflash0-storage\"}"
                + " -blockdev"
                + " {\"driver\":\"file\",\"filename\":\"/nvram/web.fd\",\"node-name\":\"libvirt-pflash1-storage\"}"
                + " -blockdev"
                + " {\"node-name\":\"libvirt-pflash1-format\",\"read-only\":false,\"driver\":\"raw\",\"file\":\"libvirt-pflash1-storage\"}"
                + " -blockdev"
                + " {\"driver\":\"file\",\"filename\":\"/img/base.qcow2\",\"node-name\":\"libvirt-3-storage\",\"auto-read-only\":true}"
                + " -blockdev"
                + " {\"node-name\":\"libvirt-3-format\",\"read-only\":true,\"driver\":\"qcow2\",\"file\":\"libvirt-3-storage\",\"backing\":null}"
                + " -blockdev"
                + " {\"driver\":\"file\",\"filename\":\"/img/web.qcow2\",\"aio\":\"native\",\"node-name\":\"libvirt-2-storage\",\"cache\":{\"direct\":true,\"no-flush\":false},\"auto-read-only\":true,\"discard\":\"unmap\"}"
                + " -blockdev"
                + " {\"node-name\":\"libvirt-2-format\",\"read-only\":false,\"discard\":\"unmap\",\"cache\":{\"direct\":true,\"no-flush\":false},\"driver\":\"qcow2\",\"file\":\"libvirt-2-storage\",\"backing\":\"libvirt-3-format\"}"
                + " -device"
                + " {\"driver\":\"virtio-blk-pci\",\"drive\":\"libvirt-2-format\",\"id\":\"virtio-disk0\",\"write-cache\":\"on\"}"
                + " -blockdev"
                + " {\"driver\":\"file\",\"filename\":\"/iso/cd.iso\",\"node-name\":\"libvirt-1-storage\",\"read-only\":true}"
                + " -blockdev"
                + " {\"node-name\":\"libvirt-1-format\",\"read-only\":true,\"driver\":\"raw\",\"file\":\"libvirt-1-storage\"}"
                + " -device"
                + " {\"driver\":\"ide-cd\",\"drive\":\"libvirt-1-format\",\"id\":\"sata0\"}";

    private static QemuDisk drive(String id, String file) {
        return new QemuDisk(id, id, "#block1", "/q", "raw", file, 0, 1 << 20, true, false);
    }

    private static QemuDisk node(String node, boolean writable, String file) {
        String qdev = node.contains("pflash1") ? "/machine/system.flash1" : "/q";
        return new QemuDisk(node, "", node, qdev, "raw", file, 0, 1 << 20, writable, false);
    }

    private static String rewrite(String line, QemuDisk... media) {
        return rewrite(DiskSelection.WRITABLE, line, media);
    }

    private static String rewrite(DiskSelection selection, String line, QemuDisk... media) {
        Map<String, Path> images = new HashMap<>();
        for (QemuDisk medium : media) {
            if (medium.isReplicated(selection)) {
                images.put(medium.name(), Path.of("/i/" + images.size()));
            }
        }
        List<CommandOption> options =
                StandbyDisks.rewrite(
                        CommandOption.parse(List.of(line.split(" "))), CWD, List.of(media), images);
        return String.join(" ", CommandOption.words(options));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-drive file=/img/a.qcow2,format=qcow2,if=virtio,cache=none,aio=native"
                        + " | /img/a.qcow2 | virtio0"
                        + " | -drive file=/i/0,format=raw,if=virtio,cache=none,aio=native",
                "-drive if=virtio,file=a.raw | /vm/a.raw | virtio0"
                        + " | -drive file=/i/0,format=raw,if=virtio",
                "-drive if=none,id=d0,file=/o.qcow2,werror=stop,discard=unmap,l2-cache-size=1M"
                        + " | /now-another.qcow2 | d0"
                        + " | -drive file=/i/0,format=raw,if=none,id=d0,werror=stop,discard=unmap",
                "-drive"
                    + " driver=qcow2,file.driver=file,file.filename=/a,backing.file.filename=/b,id=d"
                    + " | /a | d | -drive file=/i/0,format=raw,id=d",
                "-drive file=/a,throttling.iops-total=9,cache.direct=on,index=3,media=disk,if=scsi"
                    + " | /a | scsi0-hd3 | -drive"
                    + " file=/i/0,format=raw,throttling.iops-total=9,cache.direct=on,index=3,media=disk,if=scsi",
                "-hda /a | /a | ide0-hd0 | -drive index=0,media=disk,file=/i/0,format=raw",
                "-hdb b | /vm/b | ide0-hd1 | -drive index=1,media=disk,file=/i/0,format=raw",
                "-fda /f | /f | floppy0 | -drive if=floppy,index=0,file=/i/0,format=raw",
                "/a,b | /a,b | ide0-hd0 | -drive index=0,media=disk,file=/i/0,format=raw",
                "-sd /a | /a | sd0 | -drive if=sd,index=0,file=/i/0,format=raw",
            })
    void replacesTheImageOfADrive(String given, String file, String id, String expected) {
        assertThat(rewrite("-m 1 " + given + " -nodefaults", drive(id, file)))
                .isEqualTo("-m 1 " + expected + " -nodefaults");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-blockdev driver=file,filename=/a,node-name=f0,aio=io_uring -blockdev"
                        + " driver=qcow2,file=f0,node-name=n0,discard=unmap"
                        + " | -blockdev {'driver':'raw','node-name':'n0','discard':'unmap',"
                        + "'file':{'driver':'file','filename':'/i/0','aio':'io_uring'}}",
                "-blockdev driver=raw,node-name=n0,cache.direct=on,detect-zeroes=on,"
                        + "file.driver=host_device,file.filename=/dev/vg/a,file.aio=native"
                        + " | -blockdev {'driver':'raw','node-name':'n0','cache':{'direct':true},"
                        + "'detect-zeroes':'on',"
                        + "'file':{'driver':'file','filename':'/i/0','aio':'native'}}",
                "-blockdev {'driver':'throttle','throttle-group':'t','node-name':'n0',"
                        + "'file':{'driver':'qcow2','file':{'driver':'file','filename':'/a'}}}"
                        + " | -blockdev {'driver':'raw','node-name':'n0',"
                        + "'file':{'driver':'file','filename':'/i/0'}}",
                "-blockdev driver=file,filename=/a,node-name=f0 -blockdev"
                        + " driver=qcow2,file=f0,node-name=n0 -device x,drive=f0"
                        + " | -blockdev driver=file,filename=/a,node-name=f0 -blockdev"
                        + " {'driver':'raw','node-name':'n0',"
                        + "'file':{'driver':'file','filename':'/i/0'}} -device x,drive=f0",
            })
    void replacesTheNodeOfADeviceAndDropsWhatNobodyElseUses(String given, String expected) {
        assertThat(
                        rewrite(
                                given.replace('\'', '"') + " -device virtio-blk-pci,drive=n0",
                                node("n0", true, "/a")))
                .isEqualTo(expected.replace('\'', '"') + " -device virtio-blk-pci,drive=n0");
    }

    @Test
    void replacesAnNbdClientByTheImage() {
        String uri = "nbd+unix:///data?socket=/run/remus/exports/data.sock";
        assertThat(
                        rewrite(
                                "-drive if=virtio,id=data,format=raw,cache=none,file="
                                        + uri
                                        + ",file.reconnect-delay=60",
                                drive("data", uri)))
                .isEqualTo("-drive file=/i/0,format=raw,if=virtio,id=data,cache=none");
        assertThat(
                        rewrite(
                                "-blockdev driver=nbd,node-name=n0,server.type=unix,"
                                        + "server.path=/run/remus/exports/data.sock,export=data,"
                                        + "reconnect-delay=60,discard=unmap"
                                        + " -device virtio-blk-pci,drive=n0",
                                node("n0", true, uri)))
                .isEqualTo(
                        "-blockdev {\"driver\":\"raw\",\"node-name\":\"n0\","
                                + "\"discard\":\"unmap\","
                                + "\"file\":{\"driver\":\"file\",\"filename\":\"/i/0\","
                                + "\"discard\":\"unmap\"}} -device virtio-blk-pci,drive=n0");
    }

    @Test
    void carriesTheDisksOfALibvirtDomainOver() {
        String standby =
                rewrite(
                        LIBVIRT,
                        node("libvirt-pflash0-format", false, "/usr/share/OVMF_CODE.fd"),
                        node("libvirt-pflash1-format", true, "/nvram/web.fd"),
                        node("libvirt-2-format", true, "/img/web.qcow2"),
                        node("libvirt-1-format", false, "/iso/cd.iso"));
        assertThat(standby)
                .contains(
                        "-blockdev {\"driver\":\"raw\",\"node-name\":\"libvirt-2-format\","
                                + "\"cache\":{\"direct\":true,\"no-flush\":false},"
                                + "\"discard\":\"unmap\",\"read-only\":false,"
                                + "\"file\":{\"driver\":\"file\",\"filename\":\"/i/0\","
                                + "\"aio\":\"native\","
                                + "\"cache\":{\"direct\":true,\"no-flush\":false},"
                                + "\"discard\":\"unmap\"}} -device {\"driver\":\"virtio-blk-pci\",")
                .contains("/nvram/web.fd", "/usr/share/OVMF_CODE.fd", "/iso/cd.iso")
                .contains("\"drive\":\"libvirt-2-format\"", "\"drive\":\"libvirt-1-format\"")
                .doesNotContain("/img/", "qcow2", "libvirt-2-storage", "libvirt-3");
    }

    @Test
    void givesEachDiskItsOwnImageInOrder() {
        assertThat(
                        rewrite(
                                "-drive file=/b,if=virtio -drive file=/a,if=virtio,id=x -cdrom /cd",
                                drive("x", "/a"),
                                drive("virtio0", "/b"),
                                new QemuDisk(
                                        "ide2-cd0",
                                        "ide2-cd0",
                                        "#b",
                                        "",
                                        "raw",
                                        "/cd",
                                        0,
                                        1,
                                        false,
                                        false)))
                .isEqualTo(
                        "-drive file=/i/1,format=raw,if=virtio -drive"
                                + " file=/i/0,format=raw,if=virtio,id=x -cdrom /cd");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-drive file=/other,if=virtio | disk-not-on-command-line",
                "-readconfig /x.cfg | disk-not-on-command-line",
                "-append file=/a | disk-not-on-command-line",
                "-drive file=/a,if=virtio,snapshot=on | snapshot",
            })
    void refuses(String line, String code) {
        assertThatThrownBy(() -> rewrite(line, drive("virtio0", "/a")))
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(code);
                            assertThat(e.correction()).isNotEmpty();
                        });
    }

    @Test
    void leavesADiskThatIsLeftOutWithItsOwnFile() {
        String line =
                "-drive if=virtio,id=d,file=/d.raw,format=raw"
                        + " -drive if=virtio,id=scratch,file=/s.qcow2,format=qcow2";
        assertThat(
                        rewrite(
                                new DiskSelection(List.of("scratch"), false),
                                line,
                                drive("d", "/d.raw"),
                                drive("scratch", "/s.qcow2")))
                .isEqualTo(
                        "-drive file=/i/0,format=raw,if=virtio,id=d"
                                + " -drive if=virtio,id=scratch,file=/s.qcow2,format=qcow2");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "-cdrom /new.iso | -drive index=2,media=cdrom,file=/i/0,format=raw",
                "-drive if=none,id=cd,file=/old.iso,media=cdrom,readonly=on"
                        + " | -drive file=/i/0,format=raw,if=none,id=cd,media=cdrom,readonly=on",
            })
    void givesACopiedMediumItsImageAlsoIfItWasChangedLater(String line, String expected) {
        DiskSelection media = new DiskSelection(List.of(), true);
        QemuDisk cd = new QemuDisk("cd", "cd", "#b", "", "raw", "/new.iso", 0, 1, false, false);
        assertThat(rewrite(media, line, cd)).isEqualTo(expected);
    }

    @Test
    void imagesBelongToMediaThatAreThere() {
        assertThatThrownBy(
                        () ->
                                StandbyDisks.rewrite(
                                        List.of(),
                                        CWD,
                                        List.of(),
                                        Map.of("ghost", Path.of("/i/0"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ghost");
    }

    @Test
    void refusesAMediumThatWasChangedLater() {
        QemuDisk cd = new QemuDisk("cd", "cd", "#b", "", "raw", "/new.iso", 0, 1, false, false);
        assertThatThrownBy(() -> rewrite("-drive if=none,id=cd,file=/old.iso,media=cdrom", cd))
                .hasMessageContaining("/new.iso");
    }

    @Test
    void findsTheFileBehindQemusNames() {
        assertThat(QemuDisk.file("a.img", CWD)).isEqualTo("/vm/a.img");
        assertThat(QemuDisk.file("file:../a.img", CWD)).isEqualTo("/a.img");
        assertThat(QemuDisk.file("nbd://h/x", CWD)).isEqualTo("nbd://h/x");
        assertThat(
                        QemuDisk.file(
                                "json:{\"driver\":\"throttle\",\"file\":{\"driver\":\"file\","
                                        + "\"filename\":\"/a\"}}",
                                CWD))
                .isEqualTo("/a");
        assertThat(QemuDisk.file("json:{", CWD)).isEqualTo("json:{");
        assertThat(QemuDisk.length("/nowhere/at/all")).isZero();
    }
}
