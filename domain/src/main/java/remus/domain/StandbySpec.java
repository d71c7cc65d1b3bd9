package remus.domain;

import java.util.List;

/**
 * What the backup must know to make a standby of a domain.
 *
 * @param name the domain's name
 * @param uuid its UUID, as text
 * @param hypervisor the {@link Hypervisor#kind} that understands {@code spec}
 * @param spec that hypervisor's own description
 * @param regions the memory that will be sent, in the order of the region indices used in slabs
 * @param disks those whose writes are replicated, in the order of the disk indices
 */
public record StandbySpec(
        String name,
        String uuid,
        String hypervisor,
        String spec,
        List<MemoryRegion> regions,
        List<Disk> disks) {
    /** Copies the lists. */
    public StandbySpec {
        regions = List.copyOf(regions);
        disks = List.copyOf(disks);
    }
}
