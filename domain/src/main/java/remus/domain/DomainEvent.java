package remus.domain;

/**
 * Something that happened to a domain without our doing. Each has a defined outcome in the group's
 * state machine; none is a failure of the host.
 *
 * @param detail for people, such as the hypervisor's own words
 */
public record DomainEvent(Kind kind, String detail) {
    /** What happened. */
    public enum Kind {
        /** Somebody else suspended the guest, or it stopped on an I/O error: not ours to resume. */
        STOPPED,
        /** The guest runs again after {@link #STOPPED}. */
        RESUMED,
        /** The guest, or its owner, switched it off. */
        SHUTDOWN,
        /** The guest rebooted; protection goes on. */
        RESET,
        /**
         * The guest's kernel panicked; protection goes on, the crash is replicated like all state.
         */
        PANICKED,
        /** The hypervisor process is gone although nobody switched the guest off. */
        LOST,
        /** Devices or memory differ from what the standby was made for. */
        CONFIG_CHANGED
    }
}
