package remus.domain.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import remus.domain.Finding;
import remus.domain.qemu.CommandLine.Option;

/**
 * What a QEMU command line tells against protecting its guest. Two kinds of things cannot be
 * protected: writes to guest memory that bypass QEMU's own address space (a device behind an IOMMU,
 * another process that maps the memory), as no dirty log sees them; and state that is outside QEMU.
 */
final class CommandLineChecks {
    private final CommandLine line;
    private final List<Finding> findings = new ArrayList<>();

    private CommandLineChecks(CommandLine line) {
        this.line = line;
    }

    /** Every condition, passed or not. */
    static List<Finding> examine(List<String> argv, boolean allowUserNetdev) {
        CommandLineChecks checks = new CommandLineChecks(CommandLine.parse(argv));
        checks.guestArchitecture(argv);
        checks.passThrough();
        checks.otherProcesses();
        checks.network(allowUserNetdev);
        checks.storage();
        checks.memory();
        checks.confidential();
        return checks.findings;
    }

    private void guestArchitecture(List<String> argv) {
        String program =
                argv.isEmpty() ? "" : argv.get(0).substring(argv.get(0).lastIndexOf('/') + 1);
        boolean other = program.startsWith("qemu-system-") && !program.endsWith("-x86_64");
        check(
                "guest-architecture",
                other ? program : "",
                "the guest is emulated by",
                "use qemu-system-x86_64: other machines are not known yet");
    }

    private void passThrough() {
        refuseDevice(
                "vfio",
                name -> name.startsWith("vfio-") && !name.startsWith("vfio-user"),
                "a passed-through device (VFIO, mdev) writes memory past the dirty log:",
                "use a virtio device instead");
        check(
                "vdpa",
                find(options("netdev", "device"), o -> driver(o).startsWith("vhost-vdpa")),
                "a vDPA device writes memory past the dirty log:",
                "use a virtio device without vDPA");
        refuseDevice(
                "tpm",
                name -> name.startsWith("tpm-"),
                "a TPM's state is not replicated:",
                "take the TPM out of the VM");
    }

    private void otherProcesses() {
        check(
                "vhost-user",
                find(
                        options("netdev", "device", "chardev"),
                        o ->
                                driver(o).startsWith("vhost-user")
                                        || driver(o).startsWith("vfio-user")),
                "another process writes guest memory past the dirty log:",
                "use a device that QEMU itself serves");
        check(
                "shared-folder",
                find(
                        options("fsdev", "virtfs", "device"),
                        o -> !o.name().equals("device") || driver(o).startsWith("virtio-9p")),
                "a folder of this host is shared with the guest (9p):",
                "share it over the network instead");
        refuseDevice(
                "vhost-scsi",
                name -> name.startsWith("vhost-scsi") || name.startsWith("vhost-vsock"),
                "the kernel's state of a vhost device is not replicated:",
                "use virtio-scsi or virtio-blk; take vhost-vsock out of the VM");
        refuseDevice(
                "ivshmem",
                name -> name.startsWith("ivshmem"),
                "memory is shared with another process:",
                "take ivshmem out of the VM");
    }

    private void network(boolean allowUserNetdev) {
        List<Option> backends = options("netdev", "nic", "net");
        check(
                "vhost-net",
                find(
                        backends,
                        o ->
                                Switches.isOn(o.properties(), "vhost")
                                        || has(o, "vhostfd", "vhostfds")),
                "the kernel serves this NIC past QEMU, so that its output cannot be held:",
                "set vhost=off (libvirt: <driver name='qemu'/>, Proxmox: a NIC model but virtio)");
        check(
                "multiqueue",
                find(
                        backends,
                        o ->
                                has(o, "fds", "vhostfds")
                                        || !o.properties().getOrDefault("queues", "1").equals("1")),
                "a NIC has several queues, whose output cannot be held:",
                "set queues=1");
        boolean unasked = backends.isEmpty() && !line.has("nodefaults");
        String user = find(backends, o -> driver(o).equals("user"));
        check(
                "user-netdev",
                allowUserNetdev ? "" : unasked ? "the NIC that QEMU makes unasked" : user,
                "the connections of a user netdev end with this host:",
                "use a tap on a bridge, or accept that with --unsafe");
    }

    private void storage() {
        refuseDevice(
                "scsi-passthrough",
                name -> name.equals("scsi-block") || name.equals("scsi-generic"),
                "commands to a passed-through disk bypass replication:",
                "use scsi-hd");
        check(
                "snapshot",
                line.has("snapshot")
                        ? "-snapshot"
                        : find(options("drive"), o -> Switches.isOn(o.properties(), "snapshot")),
                "the guest writes to a temporary snapshot:",
                "start the VM without -snapshot");
    }

    private void memory() {
        refuseDevice(
                "memory-device",
                name ->
                        name.startsWith("virtio-mem")
                                || name.startsWith("virtio-pmem")
                                || name.equals("nvdimm")
                                || name.equals("pc-dimm"),
                "its memory is not in the two ranges that are known:",
                "give the guest plain RAM (-m SIZE) only");
        check(
                "numa",
                find(
                        options("numa"),
                        o -> o.properties().getOrDefault("nodeid", "0").compareTo("0") > 0),
                "NUMA nodes with memory of their own are not handled yet:",
                "give the guest one NUMA node");
    }

    private void confidential() {
        check(
                "confidential-guest",
                find(
                        options("object"),
                        o -> driver(o).startsWith("sev-") || driver(o).startsWith("tdx-")),
                "an encrypted guest's memory cannot be replicated:",
                "start the VM without SEV or TDX");
    }

    private void refuseDevice(
            String code, Predicate<String> refused, String problem, String correction) {
        check(code, find(options("device"), o -> refused.test(driver(o))), problem, correction);
    }

    private List<Option> options(String... names) {
        return line.all(names).toList();
    }

    /** The word that says what an option makes. */
    private static String driver(Option option) {
        Map<String, String> properties = option.properties();
        for (String key : List.of("driver", "type", "qom-type", "backend", "")) {
            String value = properties.get(key);
            if (value != null) {
                return value;
            }
        }
        return "";
    }

    private static boolean has(Option option, String... properties) {
        return List.of(properties).stream().anyMatch(option.properties()::containsKey);
    }

    private static String find(List<Option> options, Predicate<Option> refused) {
        return options.stream()
                .filter(refused)
                .map(o -> "-" + o.name() + " " + o.value())
                .findFirst()
                .orElse("");
    }

    private void check(String code, String found, String problem, String correction) {
        findings.add(
                found.isEmpty()
                        ? Finding.pass(code, "not in the command line")
                        : Finding.fail(code, problem + " " + found, correction));
    }
}
