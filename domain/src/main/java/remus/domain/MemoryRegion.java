package remus.domain;

/**
 * A block of guest memory that the standby needs.
 *
 * @param name the hypervisor's name of the block, such as {@code pc.ram}
 * @param bytes its length, a multiple of {@link Slab#PAGE_BYTES}
 */
public record MemoryRegion(String name, long bytes) {
    /** Checks the length. */
    public MemoryRegion {
        if (bytes <= 0 || bytes % Slab.PAGE_BYTES != 0) {
            throw new IllegalArgumentException(
                    "region "
                            + name
                            + ": "
                            + bytes
                            + " bytes (expected: a positive multiple of 4096)");
        }
    }

    /** Pages in the region. */
    public long pages() {
        return bytes / Slab.PAGE_BYTES;
    }
}
