package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import remus.domain.Finding;

final class CommandLineChecksTest {
    /** As libvirt writes it, shortened to what matters. */
    private static final String LIBVIRT =
            "/usr/bin/qemu-system-x86_64 -name guest=web,debug-threads=on -S -object"
                + " {\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"format\":\"raw\",\"file\":\"/x/k\"}"
                + " -machine pc-q35-7.2,usb=off,dump-guest-core=off,memory-backend=pc.ram -accel"
                + " kvm -cpu host,migratable=on -m 2048 -object"
                + " {\"qom-type\":\"memory-backend-ram\",\"id\":\"pc.ram\",\"size\":2147483648}"
                + " -smp 2,sockets=2,cores=1,threads=1 -uuid 5e1c5a2e-5c8f-4b27-9a9a-0f2f4a4b9f11"
                + " -no-user-config -nodefaults -chardev"
                + " socket,id=charmonitor,fd=31,server=on,wait=off -mon"
                + " chardev=charmonitor,id=monitor,mode=control -rtc base=utc -no-shutdown -netdev"
                + " {\"type\":\"tap\",\"fd\":\"33\",\"id\":\"hostnet0\"} -device"
                + " {\"driver\":\"virtio-net-pci\",\"netdev\":\"hostnet0\",\"mac\":\"52:54:00:00:00:01\"}"
                + " -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny";

    /** As Proxmox writes it. */
    private static final String PROXMOX =
            "/usr/bin/kvm -id 100 -name db,debug-threads=on -no-shutdown -chardev"
                + " socket,id=qmp,path=/var/run/qemu-server/100.qmp,server=on,wait=off -mon"
                + " chardev=qmp,mode=control -chardev"
                + " socket,id=qmp-event,path=/var/run/qmeventd.sock,reconnect=5 -mon"
                + " chardev=qmp-event,mode=control -pidfile /var/run/qemu-server/100.pid -daemonize"
                + " -smp 2,sockets=1,cores=2,maxcpus=2 -nodefaults -cpu x86-64-v2-AES,+kvm_pv_eoi"
                + " -m 2048 -device VGA,id=vga,bus=pci.0,addr=0x2 -netdev"
                + " type=tap,id=net0,ifname=tap100i0,script=/x/pve-bridge,vhost=on -device"
                + " virtio-net-pci,mac=BC:24:11:00:00:01,netdev=net0 -machine type=pc+pve0";

    private static List<String> failed(List<String> argv) {
        return CommandLineChecks.examine(argv, false).stream()
                .filter(f -> !f.passed())
                .map(Finding::code)
                .toList();
    }

    private static List<String> words(String line) {
        return Arrays.asList(line.split(" ", -1));
    }

    @Test
    void passesAPlainLibvirtGuest() {
        assertThat(failed(words(LIBVIRT))).isEmpty();
        assertThat(CommandLineChecks.examine(words(LIBVIRT), false))
                .allSatisfy(f -> assertThat(f.correction()).isEmpty());
    }

    @Test
    void refusesVhostNetOfProxmox() {
        assertThat(failed(words(PROXMOX))).containsExactly("vhost-net");
        assertThat(failed(words(PROXMOX.replace(",vhost=on", "")))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vfio               | -device vfio-pci,host=01:00.0",
                "vfio               | -device"
                        + " {\"driver\":\"vfio-pci\",\"sysfsdev\":\"/sys/bus/mdev/x\"}",
                "vdpa               | -netdev type=vhost-vdpa,vhostdev=/dev/vhost-vdpa-0,id=n1",
                "vdpa               | -netdev vhost-vdpa,vhostdev=/dev/vhost-vdpa-0,id=n1",
                "tpm                | -device tpm-crb,tpmdev=t0",
                "vhost-user         | -netdev vhost-user,id=n1,chardev=c1",
                "vhost-user         | -device vhost-user-fs-pci,chardev=c1,tag=x",
                "vhost-user         | -device vhost-user-blk-pci,chardev=c1",
                "vhost-user         | -device vfio-user-pci,socket=/x",
                "shared-folder      | -virtfs local,path=/x,mount_tag=h,security_model=none",
                "shared-folder      | -fsdev local,id=f,path=/x,security_model=none",
                "vhost-scsi         | -device vhost-scsi-pci,wwpn=naa.5001405324af0985",
                "ivshmem            | -device ivshmem-plain,memdev=m",
                "vhost-net          | -netdev tap,fd=33,id=n1,vhost=on,vhostfd=34",
                "vhost-net          | -netdev"
                        + " {\"type\":\"tap\",\"fd\":\"3\",\"vhost\":true,\"id\":\"n1\"}",
                "multiqueue         | -netdev tap,id=n1,queues=4",
                "user-netdev        | -netdev user,id=n1",
                "user-netdev        | -nic user,model=e1000",
                "scsi-passthrough   | -device scsi-block,drive=d",
                "scsi-passthrough   | -device scsi-generic,drive=d",
                "snapshot           | -snapshot",
                "snapshot           | -drive file=/x,snapshot=on",
                "memory-device      | -device pc-dimm,memdev=m",
                "memory-device      | --device nvdimm,memdev=m",
                "memory-device      | -device virtio-mem-pci,memdev=m",
                "numa               | -numa node,nodeid=1,memdev=m",
                "confidential-guest | -object sev-guest,id=s,cbitpos=47,reduced-phys-bits=1",
                "confidential-guest | -object tdx-guest,id=t",
            })
    void refuses(String code, String option) {
        List<String> argv = new ArrayList<>(words(LIBVIRT));
        argv.addAll(words(option));
        assertThat(failed(argv)).containsExactly(code);
        assertThat(CommandLineChecks.examine(argv, false))
                .filteredOn(f -> !f.passed())
                .allSatisfy(
                        f -> {
                            assertThat(f.problem())
                                    .contains(option.split(" ", -1)[0].replace("--", "-"));
                            assertThat(f.correction()).isNotEmpty();
                        });
    }

    @Test
    void acceptsAUserNetdevOnRequest() {
        List<String> argv = List.of("qemu-system-x86_64", "-nodefaults", "-netdev", "user,id=n");
        assertThat(CommandLineChecks.examine(argv, true)).allMatch(Finding::passed);
    }

    @Test
    void refusesTheNicThatQemuMakesUnasked() {
        assertThat(failed(List.of("qemu-system-x86_64"))).containsExactly("user-netdev");
        assertThat(failed(List.of("qemu-system-x86_64", "-nic", "none"))).isEmpty();
    }

    @Test
    void refusesAnotherArchitecture() {
        assertThat(failed(List.of("/usr/bin/qemu-system-aarch64", "-nodefaults")))
                .containsExactly("guest-architecture");
    }
}
