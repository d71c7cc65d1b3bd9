package remus.primary;

import java.util.List;
import remus.ha.Reason;
import remus.ha.StateMachine;
import remus.netbuf.NetBuffer;
import remus.primary.TimelineRing.Distribution;

/**
 * A group at its primary as an operator sees it: plain data, rendered elsewhere.
 *
 * @param sinceNanos when the state was entered, in {@link System#nanoTime}
 * @param epoch the newest epoch; 0 before the first
 * @param ackedEpoch the newest acknowledged epoch; 0 before the first
 * @param ackAgeNanos since the last acknowledgement; 0 before the first
 * @param seedBytes guest memory copied by the seed so far, later rounds included
 * @param seedTotalBytes the members' memory
 * @param bandwidthBytesPerSecond payload sent for the newest epochs, per second
 */
public record PrimaryView(
        ProtectionSettings settings,
        GroupState state,
        Reason reason,
        long sinceNanos,
        long intervalNanos,
        long missedTicks,
        long epoch,
        long ackedEpoch,
        long ackAgeNanos,
        Distribution pauseNanos,
        Distribution ackNanos,
        Distribution dirtyPages,
        double checkpointsPerSecond,
        long bandwidthBytesPerSecond,
        long seedBytes,
        long seedTotalBytes,
        List<MemberView> members) {

    /** One member; counters since its devices were attached. */
    public record MemberView(String name, long clockLagNanos, List<NetBuffer.Stats> netBuffers) {}

    static PrimaryView of(
            ProtectionSettings settings,
            StateMachine.Entry<GroupState> entry,
            EpochScheduler scheduler,
            TimelineRing timelines,
            GroupWorks works,
            long now) {
        Protection protection = works.protection();
        long lastAckNanos = works.lastAckNanos();
        List<EpochTimeline> acked = timelines.newestAcked().toList();
        double seconds =
                acked.size() < 2
                        ? 0
                        : (acked.get(acked.size() - 1).beginNanos() - acked.get(0).beginNanos())
                                / 1e9;
        long bytes = acked.stream().mapToLong(EpochTimeline::bytes).sum();
        return new PrimaryView(
                settings,
                entry.state(),
                entry.reason(),
                entry.sinceNanos(),
                scheduler.intervalNanos(),
                scheduler.missedTicks(),
                protection == null ? 0 : protection.newestEpoch(),
                works.committedEpoch(),
                lastAckNanos == 0 ? 0 : now - lastAckNanos,
                timelines.distribution(EpochTimeline::pauseNanos),
                timelines.distribution(EpochTimeline::ackNanos),
                timelines.distribution(EpochTimeline::dirtyPages),
                seconds > 0 ? (acked.size() - 1) / seconds : 0,
                seconds > 0 ? (long) (bytes / seconds) : 0,
                protection == null ? 0 : protection.seeder.copiedBytes(),
                protection == null ? 0 : protection.memoryBytes(),
                protection == null
                        ? List.of()
                        : protection.members.stream().map(PrimaryView::member).toList());
    }

    private static MemberView member(Member member) {
        return new MemberView(
                member.name(),
                member.domain().clockLagNanos(),
                member.netBuffers().stream().map(NetBuffer::stats).toList());
    }
}
