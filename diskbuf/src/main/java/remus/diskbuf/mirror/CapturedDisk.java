package remus.diskbuf.mirror;

/**
 * A disk of which one buffer captures the writes.
 *
 * @param index among all replicated disks of its domain
 * @param name for people
 * @param bytes what the guest sees
 */
public record CapturedDisk(int index, String name, long bytes) {}
