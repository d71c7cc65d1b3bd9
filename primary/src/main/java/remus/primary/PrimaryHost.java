package remus.primary;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import remus.domain.SlabPool;
import remus.ha.RecordStore;
import remus.ha.witness.Witness;
import remus.protocol.PeerLink;
import remus.protocol.wire.Channel;

/** What a group needs of the host that it runs on; the simulator has one of its own. */
public interface PrimaryHost {

    /**
     * Opens a domain and its devices; nothing is attached yet.
     *
     * @throws remus.domain.DomainException if the domain cannot be protected; with code {@code
     *     unknown-domain} only if its process does not exist any more, as the backup is then told
     *     that its own is the only copy
     */
    Member open(String domain, ProtectionSettings settings);

    /**
     * Connects to the backup agent without waiting; exactly one of the two is called, from any
     * thread.
     *
     * @param channel heartbeats travel on a thread of their own
     * @param failed gets a sentence fragment such as "connection refused"
     */
    void dial(
            ProtectionSettings.PeerAddress peer,
            Channel channel,
            PeerLink.Listener listener,
            Consumer<PeerLink> connected,
            Consumer<String> failed);

    /** Where the group's record is kept. */
    RecordStore records();

    /** The clock that phases are measured with, in nanoseconds. */
    long nanoTime();

    /** The witness; null if none is configured. */
    @Nullable Witness witness();

    /** What this host is called at the witness: no other host ever was, or will be. */
    String identity();

    /** A number that no protection had before. */
    long newIncarnation();

    /** The staging memory of one group, used by all its incarnations. */
    default SlabPool staging(long capBytes) {
        return new SlabPool(capBytes);
    }

    /**
     * The group has ended and takes nothing more out of its staging memory; what is still being
     * written to a closing connection comes back to the pool by itself.
     */
    default void stagingDone(SlabPool pool) {}

    /** What this agent calls itself towards its peer. */
    String software();
}
