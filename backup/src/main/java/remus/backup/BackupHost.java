package remus.backup;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.DiskCopy;
import remus.domain.Hypervisor;
import remus.domain.StandbySpec;
import remus.ha.GroupRecord;
import remus.ha.Reason;
import remus.ha.RecordStore;
import remus.ha.witness.Witness;

/** What the backup side needs of the host that it runs on; the simulator has one of its own. */
public interface BackupHost {

    /**
     * The hypervisor that understands standby specs of this kind.
     *
     * @throws remus.domain.DomainException {@code no-hypervisor} if there is none
     */
    Hypervisor hypervisor(String kind);

    /**
     * Opens the images of a group's disks, in the order of its members and their disks.
     *
     * @throws remus.domain.DomainException if they cannot be kept here
     */
    DiskCopy openDisks(String group, List<StandbySpec> members);

    /** Where group records are kept. */
    RecordStore records();

    /**
     * Asks, without waiting, whether an agent listens at an address; {@code refused} hears true
     * only if that host itself answered that none does.
     */
    void probe(String host, int port, Consumer<Boolean> refused);

    /**
     * What became of the process that runs, or ran, a domain which this host took over. It is not
     * ours and tells us nothing by itself: it is asked for.
     */
    Afterlife afterlife(GroupRecord.Member member);

    /** What became of a domain that was taken over. */
    enum Afterlife {
        /** Its process is there. */
        RUNNING,
        /** Its process ended in order: the guest, or its owner, switched it off. */
        OFF,
        /** Its process is gone without a word: it was killed, it crashed, or the host rebooted. */
        GONE
    }

    /** The witness; null if none is configured. */
    @Nullable Witness witness();

    /** What this host is called at the witness: no other host ever was, or will be. */
    String identity();

    /** A number that no claim had before, and not 0. */
    long newNonce();

    /**
     * Makes the copies of these members run, which an earlier life of this agent loaded and left
     * paused. Returns a failure or null.
     */
    @Nullable Reason runLeft(List<GroupRecord.Member> members);

    /** Destroys the copies of these members, which an earlier life of this agent left. */
    void destroyLeft(List<GroupRecord.Member> members);

    /** Runs a group's conductor until it is done. */
    void conduct(BackupGroup group);

    /** Runs something that takes its time, such as a preflight, off the I/O threads. */
    void background(Runnable task);

    /** The clock, in nanoseconds. */
    long nanoTime();

    /** What this agent calls itself towards its peer. */
    String software();
}
