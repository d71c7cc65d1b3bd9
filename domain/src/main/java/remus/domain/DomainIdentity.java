package remus.domain;

/**
 * Which running copy of a domain this is. A name alone is not enough: after a failover and back,
 * two copies may bear one name on one host.
 *
 * @param startTicks start time of the process in clock ticks since boot (proc(5), field 22)
 */
public record DomainIdentity(String name, String uuid, long pid, long startTicks) {}
