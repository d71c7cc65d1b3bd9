package remus.primary;

import java.util.List;
import remus.domain.DiskSelection;
import remus.ha.GroupRecord;
import remus.protocol.wire.FailoverMode;

/**
 * What an operator asked for, and the limits under which it is done.
 *
 * @param group the group's name
 * @param uuid its UUID, as text
 * @param domains the members, in order; one is a group too
 * @param peer where the backup agent listens
 * @param failover who starts a takeover
 * @param intervalNanos from one suspend to the next
 * @param limits the times and bounds that are kept
 * @param unsafe the operator accepted what would otherwise be refused
 * @param disks which of the members' disks are replicated, and how
 */
public record ProtectionSettings(
        String group,
        String uuid,
        List<String> domains,
        PeerAddress peer,
        FailoverMode failover,
        long intervalNanos,
        Limits limits,
        boolean unsafe,
        DiskSelection disks) {
    /** Copies the list. */
    public ProtectionSettings {
        domains = List.copyOf(domains);
    }

    /** The record of a protection that has not begun. */
    GroupRecord firstRecord(boolean witnessed) {
        return new GroupRecord(
                group,
                uuid,
                GroupRecord.Role.PRIMARY,
                0,
                GroupRecord.Standing.SEEDING,
                peer.toString(),
                failover.name(),
                intervalNanos,
                unsafe,
                domains.stream().map(GroupRecord.Member::new).toList(),
                disks,
                witnessed,
                0);
    }

    /** With all disks that the guests write to. */
    public ProtectionSettings(
            String group,
            String uuid,
            List<String> domains,
            PeerAddress peer,
            FailoverMode failover,
            long intervalNanos,
            Limits limits,
            boolean unsafe) {
        this(
                group,
                uuid,
                domains,
                peer,
                failover,
                intervalNanos,
                limits,
                unsafe,
                DiskSelection.WRITABLE);
    }

    /** Where the backup agent listens. */
    public record PeerAddress(String host, int port) {
        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    /**
     * Bounds of a protection.
     *
     * @param stagingBytes cap of the off-heap memory that holds epochs on their way
     * @param windowEpochs epochs that may be unacknowledged at a time
     * @param heartbeatNanos how often heartbeats are sent
     * @param silenceLimitNanos after how much silence the peer is suspected
     * @param reconnectGraceNanos how long a closed connection may stay closed
     * @param agentPort where this agent listens, for the peer's probe
     */
    public record Limits(
            long stagingBytes,
            int windowEpochs,
            long heartbeatNanos,
            long silenceLimitNanos,
            long reconnectGraceNanos,
            int agentPort) {}
}
