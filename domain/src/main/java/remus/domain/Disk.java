package remus.domain;

/**
 * A disk whose writes are replicated.
 *
 * @param name for people, unique within its domain and the same after a restart of the domain
 * @param bytes what the guest sees; the backup's image has exactly this size
 */
public record Disk(String name, long bytes) {}
