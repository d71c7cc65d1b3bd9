package remus.backup;

import java.util.function.Consumer;
import remus.domain.Hypervisor;
import remus.ha.RecordStore;

/** What the backup side needs of the host that it runs on; the simulator has one of its own. */
public interface BackupHost {

    /**
     * The hypervisor that understands standby specs of this kind.
     *
     * @throws remus.domain.DomainException {@code no-hypervisor} if there is none
     */
    Hypervisor hypervisor(String kind);

    /** Where group records are kept. */
    RecordStore records();

    /**
     * Asks, without waiting, whether an agent listens at an address; {@code refused} hears true
     * only if that host itself answered that none does.
     */
    void probe(String host, int port, Consumer<Boolean> refused);

    /** Runs a group's conductor until it is done. */
    void conduct(BackupGroup group);

    /** Runs something that takes its time, such as a preflight, off the I/O threads. */
    void background(Runnable task);

    /** The clock, in nanoseconds. */
    long nanoTime();

    /** What this agent calls itself towards its peer. */
    String software();
}
