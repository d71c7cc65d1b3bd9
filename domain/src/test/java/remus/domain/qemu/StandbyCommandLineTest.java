package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import remus.domain.DomainException;

final class StandbyCommandLineTest {
    private static final String TYPE = "pc-q35-7.2";
    private static final long RAM = 256L << 20;
    private static final StandbyCommandLine.Files FILES =
            new StandbyCommandLine.Files(
                    Path.of("/dev/shm/g.ram"),
                    Path.of("/run/r/g.qmp"),
                    Path.of("/run/r/g.pid"),
                    Path.of("/run/r/g.log"));
    private static final StandbySettings PLAIN =
            StandbySettings.of(Path.of("/dev/shm"), Path.of("/run/r"));
    private static final StandbyCommandLine.Media NO_DISK = StandbyCommandLine.Media.NONE;
    private static final String MACHINE =
            "-machine pc-q35-7.2,suppress-vmdesc=on,memory-backend=remus-ram";
    private static final String RAM_OBJECT =
            "-object"
                + " memory-backend-file,id=remus-ram,size=268435456,mem-path=/dev/shm/g.ram,share=on";
    private static final String TAIL =
            "-global migration.send-configuration=off -S -incoming defer"
                    + " -qmp unix:/run/r/g.qmp,server=on,wait=off -pidfile /run/r/g.pid -daemonize"
                    + " -d page -D /run/r/g.log";

    @Test
    void carriesAPlainDomainOver() {
        assertThat(
                        standby(
                                "qemu-system-x86_64 -name A -accel tcg -machine q35 -m 256 -display"
                                    + " none -nodefaults -serial file:/tmp/A.serial -qmp"
                                    + " unix:/tmp/A.qmp,server=on,wait=off -pidfile /tmp/A.pid"
                                    + " -kernel /g/vmlinuz -device virtio-net-pci,netdev=n0 -netdev"
                                    + " tap,id=n0,ifname=tap0,script=no,downscript=no -daemonize"))
                .isEqualTo(
                        "qemu-system-x86_64 "
                                + MACHINE
                                + " "
                                + RAM_OBJECT
                                + " -name A -accel tcg -m 256 -display none -nodefaults -serial"
                                + " file:/tmp/A.serial -kernel /g/vmlinuz -device"
                                + " virtio-net-pci,netdev=n0 -netdev"
                                + " tap,id=n0,ifname=tap0,script=no,downscript=no "
                                + TAIL);
    }

    @Test
    void readsBothSpellingsOfOptions() {
        assertThat(standby("q --name A --S --machine q35,smm=off --qmp tcp::1 --nodefaults"))
                .isEqualTo(
                        "q -machine pc-q35-7.2,smm=off,suppress-vmdesc=on,memory-backend=remus-ram "
                                + RAM_OBJECT
                                + " -name A -nodefaults "
                                + TAIL);
    }

    @Test
    void mergesMachineOptionsAndTheLastWins() {
        assertThat(standby("q -M q35,accel=tcg,usb=on -machine type=q35,usb=off,graphics=off"))
                .contains(
                        "-machine pc-q35-7.2,accel=tcg,usb=off,graphics=off,suppress-vmdesc=on,"
                                + "memory-backend=remus-ram ");
    }

    @Test
    void keepsTheAcceleratorAsItIs() {
        assertThat(standby("q -machine q35 -accel kvm -cpu host")).contains("-accel kvm -cpu host");
        assertThat(standby("q -enable-kvm -cpu host")).contains("-enable-kvm -cpu host");
    }

    @Test
    void replacesTheMemoryBackendOfTheMachine() {
        assertThat(
                        standby(
                                "q -object memory-backend-memfd,id=m0,size=256M,share=on -object"
                                    + " rng-random,id=r0 -machine q35,memory-backend=m0 -mem-path"
                                    + " /dev/hugepages -mem-prealloc -m 256"))
                .isEqualTo(
                        "q "
                                + MACHINE
                                + " "
                                + RAM_OBJECT
                                + " -object rng-random,id=r0 -m 256 "
                                + TAIL);
    }

    @Test
    void keepsTheSingleNumaNodeInOurMemory() {
        assertThat(
                        standby(
                                "q -object memory-backend-ram,id=ram-node0,size=256M -numa"
                                        + " node,nodeid=0,cpus=0-1,memdev=ram-node0"))
                .isEqualTo(
                        "q -machine pc-q35-7.2,suppress-vmdesc=on "
                                + RAM_OBJECT
                                + " -numa node,nodeid=0,cpus=0-1,memdev=remus-ram "
                                + TAIL);
    }

    @Test
    void refusesSeveralNumaNodesWithMemory() {
        assertRefused(
                "q -object memory-backend-ram,id=a,size=1 -numa node,memdev=a -numa node,memdev=b",
                "numa-memory");
    }

    @Test
    void isTheSameForAGuestThatWasTakenOverBefore() {
        List<String> once =
                words("q -machine q35 -m 256 -chardev socket,id=a,path=/p -serial chardev:a");
        assertThat(of(once, PLAIN).words()).isEqualTo(once);
    }

    @Test
    void dropsWhatOnlyTheMonitorUsed() {
        assertThat(
                        standby(
                                "q -chardev socket,id=mon0,path=/m -mon chardev=mon0,mode=control"
                                    + " -chardev socket,id=both,path=/b,mux=on -mon both -serial"
                                    + " chardev:both -chardev pty,id=c0 -device"
                                    + " virtconsole,chardev=c0 -monitor stdio -qmp-pretty tcp::2"
                                    + " -loadvm snap"))
                .isEqualTo(
                        "q "
                                + MACHINE
                                + " "
                                + RAM_OBJECT
                                + " -chardev socket,id=both,path=/b,mux=on -serial chardev:both"
                                + " -chardev pty,id=c0 -device virtconsole,chardev=c0 "
                                + TAIL);
    }

    @Test
    void keepsTheSerialPortOfATerminal() {
        assertThat(standby("q -nographic")).contains(" -display none -serial null ");
        assertThat(standby("q -nographic -serial mon:stdio"))
                .contains(" -display none -serial null ");
        assertThat(standby("q -nographic -nodefaults")).doesNotContain("-serial");
        assertThat(standby("q -chardev stdio,mux=on,id=c0 -mon chardev=c0 -serial chardev:c0"))
                .contains("-chardev null,id=c0 -serial chardev:c0");
    }

    @Test
    void opensNoWindow() {
        assertThat(standby("q -display gtk,gl=on -full-screen -m 1"))
                .contains(" -display none -m 1 ");
        assertThat(standby("q -display vnc=:1")).contains(" -display vnc=:1 ");
    }

    @Test
    void mapsTapsAndPaths() {
        StandbySettings mapped =
                new StandbySettings(
                        Path.of("/"),
                        Path.of("/"),
                        Map.of("tap0", "tapB"),
                        Map.of("/a/disk,1", "/b/disk,2", "/a/log", "/b/log", "/a/f", "/b/f"),
                        List.of(),
                        false,
                        1,
                        1);
        StandbyCommandLine line =
                of(
                        List.of(
                                ("q -netdev tap,id=n,ifname=tap0,vhost=on -nic tap,ifname=tap1"
                                     + " -drive file=/a/disk,,1,if=virtio -serial file:/a/log"
                                     + " -chardev file,id=c,path=/a/log -kernel /a/f -append x=/a/f"
                                     + " -blockdev"
                                     + " {\"driver\":\"raw\",\"file\":{\"filename\":\"/a/f\",\"n\":1}}")
                                        .split(" ")),
                        mapped);
        assertThat(line.taps()).containsExactly("tapB", "tap1");
        assertThat(String.join(" ", line.words()))
                .contains(
                        "-netdev tap,id=n,ifname=tapB,vhost=on,script=no,downscript=no -nic"
                                + " tap,ifname=tap1,script=no,downscript=no -drive"
                                + " file=/b/disk,,2,if=virtio -serial file:/b/log -chardev"
                                + " file,id=c,path=/b/log -kernel /b/f -append x=/a/f -blockdev"
                                + " {\"driver\":\"raw\",\"file\":{\"filename\":\"/b/f\",\"n\":1}}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-netdev tap,fd=28,id=hostnet0,vhost=on,vhostfd=30",
                "-netdev {\"type\":\"tap\",\"fds\":\"28:29\",\"id\":\"hostnet0\"}",
                "-netdev tap,id=n,ifname=tap0,vhostfd=4",
                "-net tap,fd=3"
            })
    void refusesInterfacesOpenedByTheParent(String option) {
        assertRefused("q " + option, "tap-by-descriptor");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"-netdev bridge,id=n,br=br0", "-nic tap,helper=/h", "-netdev tap,id=n,br=x"})
    void refusesInterfacesMadeByAHelper(String option) {
        assertRefused("q " + option, "bridge-helper");
    }

    @Test
    void refusesWhatCannotBeKnownHere() {
        assertRefused("q -netdev tap,id=n", "tap-without-name");
        assertRefused("q -add-fd set=0,fd=27,opaque=x", "open-file-passed");
        assertRefused("q -chardev socket,id=c,fd=9 -serial chardev:c", "open-file-passed");
    }

    @Test
    void carriesALibvirtDomainOver() {
        String given =
                "/usr/bin/qemu-system-x86_64 -name guest=web,debug-threads=on -S -object"
                    + " {\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"format\":\"raw\",\"file\":\"/var/lib/libvirt/qemu/domain-1-web/master-key.aes\"}"
                    + " -machine"
                    + " pc-q35-7.2,usb=off,vmport=off,dump-guest-core=off,memory-backend=pc.ram"
                    + " -accel kvm -cpu Skylake-Client-IBRS,ss=on,vmx=on -m 256 -object"
                    + " {\"qom-type\":\"memory-backend-ram\",\"id\":\"pc.ram\",\"size\":268435456}"
                    + " -overcommit mem-lock=off -smp 2,sockets=2,cores=1,threads=1 -uuid"
                    + " 4dea22b3-1d52-d8f3-2516-782e98ab3fa0 -no-user-config -nodefaults -chardev"
                    + " socket,id=charmonitor,fd=25,server=on,wait=off -mon"
                    + " chardev=charmonitor,id=monitor,mode=control -rtc base=utc,driftfix=slew"
                    + " -global kvm-pit.lost_tick_policy=delay -no-hpet -no-shutdown -boot"
                    + " strict=on -device"
                    + " {\"driver\":\"pcie-root-port\",\"port\":16,\"chassis\":1,\"id\":\"pci.1\"}"
                    + " -netdev {\"type\":\"tap\",\"ifname\":\"vnet0\",\"id\":\"hostnet0\"} -device"
                    + " {\"driver\":\"virtio-net-pci\",\"netdev\":\"hostnet0\",\"id\":\"net0\"}"
                    + " -chardev pty,id=charserial0 -device"
                    + " {\"driver\":\"isa-serial\",\"chardev\":\"charserial0\",\"index\":0}"
                    + " -audiodev {\"id\":\"audio1\",\"driver\":\"none\"} -vnc 127.0.0.1:0 -sandbox"
                    + " on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
                    + " -msg timestamp=on";
        assertThat(standby(given))
                .startsWith(
                        "/usr/bin/qemu-system-x86_64 -machine"
                            + " pc-q35-7.2,usb=off,vmport=off,dump-guest-core=off,suppress-vmdesc=on,memory-backend=remus-ram"
                            + " "
                                + RAM_OBJECT
                                + " -name guest=web,debug-threads=on -object"
                                + " {\"qom-type\":\"secret\"")
                .contains(" -no-user-config -nodefaults -rtc base=utc,driftfix=slew ")
                .contains(
                        "{\"type\":\"tap\",\"ifname\":\"vnet0\",\"id\":\"hostnet0\",\"script\":\"no\",\"downscript\":\"no\"}")
                .contains(" -chardev pty,id=charserial0 -device {\"driver\":\"isa-serial\"")
                .doesNotContain("charmonitor", "memory-backend-ram")
                .endsWith("-msg timestamp=on " + TAIL);
    }

    @Test
    void carriesAProxmoxDomainOver() {
        String given =
                "/usr/bin/kvm -id 100 -name web,debug-threads=on -no-shutdown -chardev"
                    + " socket,id=qmp,path=/var/run/qemu-server/100.qmp,server=on,wait=off -mon"
                    + " chardev=qmp,mode=control -chardev"
                    + " socket,id=qmp-event,path=/var/run/qmeventd.sock,reconnect=5 -mon"
                    + " chardev=qmp-event,mode=control -pidfile /var/run/qemu-server/100.pid"
                    + " -daemonize -smbios type=1,uuid=4dea22b3-1d52-d8f3-2516-782e98ab3fa0 -smp"
                    + " 2,sockets=1,cores=2,maxcpus=2 -nodefaults -boot"
                    + " menu=on,strict=on,reboot-timeout=1000 -vnc"
                    + " unix:/var/run/qemu-server/100.vnc,password=on -cpu kvm64,enforce,+lahf_lm"
                    + " -m 256 -readconfig /usr/share/qemu-server/pve-q35-4.0.cfg -chardev"
                    + " socket,path=/var/run/qemu-server/100.qga,server=on,wait=off,id=qga0 -device"
                    + " virtserialport,chardev=qga0,name=org.qemu.guest_agent.0 -netdev"
                    + " type=tap,id=net0,ifname=tap100i0,script=/var/lib/qemu-server/pve-bridge,downscript=/var/lib/qemu-server/pve-bridgedown,vhost=on"
                    + " -device virtio-net-pci,netdev=net0,id=net0 -machine type=q35+pve0";
        StandbyCommandLine line = of(List.of(given.split(" ")), PLAIN);
        assertThat(line.taps()).containsExactly("tap100i0");
        assertThat(String.join(" ", line.words()))
                .startsWith("/usr/bin/kvm " + MACHINE + " " + RAM_OBJECT + " -id 100 -name web,")
                .contains(
                        "-chardev"
                            + " socket,path=/var/run/qemu-server/100.qga,server=on,wait=off,id=qga0")
                .contains("type=tap,id=net0,ifname=tap100i0,script=no,downscript=no,vhost=on")
                .doesNotContain("qmp-event", "100.qmp", "100.pid")
                .endsWith("-device virtio-net-pci,netdev=net0,id=net0 " + TAIL);
    }

    @Test
    void keepsWordsThatItDoesNotKnow() {
        List<String> given =
                List.of("q", "-new-flag", "-new-thing", "a=b", "-append", "-- quiet", "disk.img");
        List<String> words = of(given, PLAIN).words();
        assertThat(words)
                .containsSubsequence(
                        "-new-flag", "-new-thing", "a=b", "-append", "-- quiet", "disk.img");
    }

    @Test
    void quotesCommasInOurOwnPaths() {
        StandbyCommandLine.Files odd =
                new StandbyCommandLine.Files(
                        Path.of("/a,b"), Path.of("/c,d"), Path.of("/p"), Path.of("/l"));
        assertThat(StandbyCommandLine.of(List.of("q"), TYPE, RAM, odd, NO_DISK, PLAIN).words())
                .contains("memory-backend-file,id=remus-ram,size=268435456,mem-path=/a,,b,share=on")
                .contains("unix:/c,,d,server=on,wait=off");
    }

    private static void assertRefused(String primary, String code) {
        assertThatThrownBy(() -> standby(primary))
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(code);
                            assertThat(e.correction()).isNotEmpty();
                        });
    }

    private static StandbyCommandLine of(List<String> primary, StandbySettings settings) {
        return StandbyCommandLine.of(primary, TYPE, RAM, FILES, NO_DISK, settings);
    }

    private static List<String> words(String primary) {
        return new ArrayList<>(of(List.of(primary.split(" ")), PLAIN).words());
    }

    private static String standby(String primary) {
        return String.join(" ", words(primary));
    }
}
