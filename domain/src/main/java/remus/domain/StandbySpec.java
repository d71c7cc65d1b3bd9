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
 */
public record StandbySpec(
        String name, String uuid, String hypervisor, String spec, List<MemoryRegion> regions) {
    /** Copies the list. */
    public StandbySpec {
        regions = List.copyOf(regions);
    }
}
