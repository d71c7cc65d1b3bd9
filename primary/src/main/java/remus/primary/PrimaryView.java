package remus.primary;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.DiskBuffer;
import remus.domain.Disk;
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
 * @param seedBytes guest memory and disks copied by the seed so far, later rounds included
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

    /**
     * One member; counters since its devices were attached.
     *
     * @param state one word: {@code running}, {@code paused} (not by us), {@code off}, {@code
     *     gone}, or {@code stopped} (the backup runs it)
     * @param disks those that are replicated
     * @param leftOut those that are not, at the operator's word
     */
    public record MemberView(
            String name,
            String state,
            long clockLagNanos,
            List<NetBuffer.Stats> netBuffers,
            List<DiskBuffer.Progress> disks,
            List<Disk> leftOut) {}

    static PrimaryView of(
            ProtectionSettings settings,
            StateMachine.Entry<GroupState> entry,
            PrimaryCore core,
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
                (protection == null ? 0 : protection.seeder.copiedBytes())
                        + ofDisks(protection, DiskBuffer.Progress::copiedBytes),
                (protection == null ? 0 : protection.memoryBytes())
                        + ofDisks(protection, DiskBuffer.Progress::bytes),
                members(settings, entry.state(), core.members(), protection));
    }

    /** The members that are open; of the others, and those that are missing, only the names. */
    private static List<MemberView> members(
            ProtectionSettings settings,
            GroupState state,
            MemberStates states,
            @Nullable Protection protection) {
        List<MemberView> views = new ArrayList<>();
        Set<String> others = new TreeSet<>(states.with(MemberStates.State.GONE));
        if (protection == null) {
            others.addAll(settings.domains());
        } else {
            for (Member member : protection.members) {
                others.remove(member.name());
                views.add(member(member, word(state, states.of(member.name()))));
            }
        }
        others.forEach(
                name ->
                        views.add(
                                new MemberView(
                                        name,
                                        word(state, states.of(name)),
                                        0,
                                        List.of(),
                                        List.of(),
                                        List.of())));
        return views;
    }

    private static String word(GroupState group, MemberStates.State state) {
        boolean retired = group == GroupState.SUPERSEDED && state != MemberStates.State.GONE;
        return (retired ? MemberStates.State.STOPPED : state).name().toLowerCase(Locale.ROOT);
    }

    private static MemberView member(Member member, String state) {
        return new MemberView(
                member.name(),
                state,
                member.domain().clockLagNanos(),
                member.netBuffers().stream().map(NetBuffer::stats).toList(),
                disks(member).toList(),
                member.leftOut());
    }

    private static Stream<DiskBuffer.Progress> disks(Member member) {
        return member.diskBuffers().stream().flatMap(disks -> disks.progress().stream());
    }

    private static long ofDisks(
            @Nullable Protection protection, ToLongFunction<DiskBuffer.Progress> bytes) {
        return protection == null
                ? 0
                : protection.members.stream().flatMap(PrimaryView::disks).mapToLong(bytes).sum();
    }
}
