package remus.domain.qemu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import remus.domain.DomainException;

/**
 * What {@link remus.domain.StandbySpec#spec} carries for QEMU, as JSON: enough to start a QEMU that
 * accepts the primary's device state.
 *
 * @param argv the primary's command line, as /proc shows it
 * @param cwd its working directory, which relative paths in {@code argv} start from
 * @param qemuVersion such as {@code 7.2.22}; both hosts need the same
 * @param machineType the canonical one, such as {@code pc-q35-7.2}, never an alias: what an alias
 *     means differs between versions
 * @param cpuModel the QOM type of the first CPU, such as {@code qemu64-x86_64-cpu}; {@code
 *     host-x86_64-cpu} means that both hosts need equal CPUs
 * @param memory the blocks in the order of the region indices; the first is the main RAM
 * @param sections the devices of the state as it was when this was made
 * @param devices what {@link PluggedDevices} lists: the standby must have the same, or the state
 *     would not load
 * @param files what the command line names and the guest boots from: both hosts need equal contents
 * @param disks all media in the guest's drives; those that are not replicated must lie at the
 *     backup too
 */
public record QemuStandbySpec(
        List<String> argv,
        String cwd,
        String qemuVersion,
        String machineType,
        String cpuModel,
        List<Block> memory,
        List<DeviceSection> sections,
        List<String> devices,
        List<BootFile> files,
        List<QemuDisk> disks) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Copies the lists. */
    public QemuStandbySpec {
        argv = List.copyOf(argv);
        memory = List.copyOf(memory);
        sections = List.copyOf(sections);
        devices = List.copyOf(devices);
        files = List.copyOf(files);
        disks = List.copyOf(disks);
    }

    /**
     * A memory block, mapped contiguously in QEMU's address space.
     *
     * <p>The main RAM ({@code pc.ram}) is one block although the guest sees it in two ranges, below
     * and above the hole under 4 GiB: its first {@code belowHoleBytes} are at guest-physical 0, the
     * rest at 4 GiB. Any other block is found whole at {@code guestPhysical}.
     *
     * @param name the name that QEMU's memory tree gives it, such as {@code vga.vram}
     * @param guestPhysical where {@code gpa2hva} finds its first byte
     * @param bytes its length
     * @param belowHoleBytes of the main RAM, what lies below the hole; of others {@code bytes}
     */
    public record Block(String name, long guestPhysical, long bytes, long belowHoleBytes) {}

    /**
     * A file that the guest boots from.
     *
     * @param role {@code kernel}, {@code initrd}, {@code firmware}, {@code dtb}
     * @param path absolute
     * @param sha256 of its contents, in hex
     */
    public record BootFile(String role, String path, String sha256) {}

    /** As JSON. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record that Jackson cannot write", e);
        }
    }

    /**
     * From JSON.
     *
     * @throws DomainException {@code bad-standby-spec}
     */
    public static QemuStandbySpec fromJson(String json) {
        try {
            return JSON.readValue(json, QemuStandbySpec.class);
        } catch (JsonProcessingException e) {
            throw new DomainException(
                    "bad-standby-spec",
                    "the description of the domain cannot be read: " + e.getOriginalMessage(),
                    "run the same version of the agent on both hosts",
                    e);
        }
    }
}
