package remus.domain.linux;

/** Bytes {@code [start, start + bytes)} of another process's address space, whole pages. */
public record AddressRange(long start, long bytes) {
    /** The first address behind it. */
    public long end() {
        return start + bytes;
    }
}
