package remus.primary;

import java.util.function.Consumer;
import remus.domain.SlabPool;
import remus.ha.RecordStore;
import remus.protocol.PeerLink;
import remus.protocol.wire.Channel;

/** What a group needs of the host that it runs on; the simulator has one of its own. */
public interface PrimaryHost {

    /**
     * Opens a domain and its devices; nothing is attached yet.
     *
     * @throws remus.domain.DomainException if the domain is not found or cannot be protected
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
