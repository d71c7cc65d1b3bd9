package remus.agent.engine;

import static java.util.stream.Collectors.toMap;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import remus.agent.api.DiskStatus;
import remus.agent.api.Distribution;
import remus.agent.api.GroupStatus;
import remus.agent.api.MemberStatus;
import remus.backup.BackupState;
import remus.backup.BackupView;
import remus.diskbuf.DiskBuffer.Progress;
import remus.diskbuf.DiskCopy;
import remus.domain.Disk;
import remus.domain.DiskSelection;
import remus.ha.Reason;
import remus.netbuf.NetBuffer;
import remus.primary.PrimaryView;
import remus.primary.TimelineRing;

/** Puts what the engines show into the words of the control API. */
final class StatusMessages {
    private StatusMessages() {}

    static GroupStatus of(PrimaryView view, long nowNanos, long nowMillis) {
        GroupStatus.Builder status =
                GroupStatus.newBuilder()
                        .setName(view.settings().group())
                        .setUuid(view.settings().uuid())
                        .setRole("primary")
                        .setState(view.state().name())
                        .setSinceUnixMillis(millis(view.sinceNanos(), nowNanos, nowMillis))
                        .setPeer(view.settings().peer().toString())
                        .setFailover(word(view.settings().failover().name()))
                        .setIntervalNanos(view.intervalNanos())
                        .setEpoch(view.epoch())
                        .setAckedEpoch(view.ackedEpoch())
                        .setLastAckAgeNanos(view.ackAgeNanos())
                        .setMissedTicks(view.missedTicks())
                        .setPauseNanos(distribution(view.pauseNanos()))
                        .setAckNanos(distribution(view.ackNanos()))
                        .setDirtyPages(distribution(view.dirtyPages()))
                        .setCheckpointsPerSecond(view.checkpointsPerSecond())
                        .setBandwidthBytesPerSecond(view.bandwidthBytesPerSecond())
                        .setSeedBytes(view.seedBytes())
                        .setSeedTotalBytes(view.seedTotalBytes())
                        .setDiskLagBytes(
                                view.members().stream()
                                        .mapToLong(member -> heldBytes(member))
                                        .sum());
        reason(status, view.reason());
        view.members().forEach(member -> status.addMembers(member(member)));
        return status.build();
    }

    private static MemberStatus member(PrimaryView.MemberView member) {
        MemberStatus.Builder status =
                MemberStatus.newBuilder()
                        .setName(member.name())
                        .setState(member.state())
                        .setClockLagNanos(member.clockLagNanos());
        for (NetBuffer.Stats stats : member.netBuffers()) {
            status.setHeldBytes(status.getHeldBytes() + stats.heldBytes())
                    .setHeldPackets(status.getHeldPackets() + stats.heldPackets())
                    .setDroppedPackets(status.getDroppedPackets() + stats.droppedPackets());
        }
        for (Progress disk : member.disks()) {
            status.addDisks(
                    DiskStatus.newBuilder()
                            .setName(disk.name())
                            .setBytes(disk.bytes())
                            .setCopiedBytes(disk.copiedBytes())
                            .setSentBytes(disk.sentBytes())
                            .setHeldBytes(disk.heldBytes())
                            .setMode(disk.mode())
                            .setState(
                                    disk.copiedBytes() < disk.bytes() ? "copying" : "replicated"));
        }
        for (Disk disk : member.leftOut()) {
            status.addDisks(
                    DiskStatus.newBuilder()
                            .setName(disk.name())
                            .setBytes(disk.bytes())
                            .setState("not-replicated"));
        }
        return status.build();
    }

    /** What the operator gave up, a sentence each. */
    static List<String> warnings(PrimaryView view) {
        List<String> warnings = new ArrayList<>();
        for (PrimaryView.MemberView member : view.members()) {
            for (Disk disk : member.leftOut()) {
                warnings.add(DiskSelection.loss(member.name() + "/" + disk.name()));
            }
        }
        return warnings;
    }

    /** All disks of a domain that are captured in the same way share memory for their writes. */
    private static long heldBytes(PrimaryView.MemberView member) {
        return member.disks().stream()
                .collect(toMap(Progress::mode, Progress::heldBytes, Math::max))
                .values()
                .stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    static GroupStatus of(BackupView view, long nowNanos, long nowMillis) {
        GroupStatus.Builder status =
                GroupStatus.newBuilder()
                        .setName(view.record().name())
                        .setUuid(view.record().uuid())
                        .setRole("backup")
                        .setState(view.state().name())
                        .setSinceUnixMillis(millis(view.sinceNanos(), nowNanos, nowMillis))
                        .setPeer(view.record().peer())
                        .setFailover(word(view.record().failover()))
                        .setIntervalNanos(view.record().intervalNanos())
                        .setEpoch(view.committedEpoch())
                        .setAckedEpoch(view.committedEpoch())
                        .setLastAckAgeNanos(view.lastCommitAgeNanos())
                        .setSeedBytes(view.receivedBytes())
                        .setTakeoverNanos(view.takeoverNanos());
        reason(status, view.reason());
        images(status, view);
        for (int i = 0; i < view.members().size(); i++) {
            status.addMembers(
                    MemberStatus.newBuilder()
                            .setName(view.members().get(i).name())
                            .setState(view.memberStates().get(i)));
        }
        return status.build();
    }

    private static void reason(GroupStatus.Builder status, Reason reason) {
        status.setReasonCode(reason.code())
                .setReason(reason.sentence())
                .setCorrection(reason.correction());
    }

    private static void images(GroupStatus.Builder status, BackupView view) {
        DiskCopy.Condition disks = view.disks();
        status.setImages(disks.images())
                .setJournalBytes(disks.journalBytes())
                .setJournalSizeBytes(disks.journalSizeBytes())
                .setDiskLagBytes(disks.lagBytes());
        if (disks.images().equals("inconsistent")) {
            boolean copying = view.state() == BackupState.SEEDING;
            status.setImagesProblem(
                            copying
                                    ? "a copy is under way in place: before its first checkpoint"
                                            + " the images are worth nothing"
                                    : "a copy in place was not completed, or what was written may"
                                            + " be lost: the images are worth nothing")
                    .setImagesCorrection(
                            copying
                                    ? "wait for it; the only good copy is the primary's"
                                    : "protect the group anew: all is compared, and what differs is"
                                            + " copied");
        }
    }

    private static Distribution distribution(TimelineRing.Distribution values) {
        return Distribution.newBuilder()
                .setP50(values.p50())
                .setP99(values.p99())
                .setMax(values.max())
                .build();
    }

    private static long millis(long sinceNanos, long nowNanos, long nowMillis) {
        return nowMillis - (nowNanos - sinceNanos) / 1_000_000;
    }

    private static String word(String constant) {
        return constant.toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
