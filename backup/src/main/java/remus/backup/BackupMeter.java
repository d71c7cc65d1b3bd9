package remus.backup;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import remus.backup.BackupHost.Afterlife;
import remus.diskbuf.DiskCopy;
import remus.ha.GroupRecord;
import remus.ha.StateMachine;

/** What a backup group counts for its operators. Written by the conductor, read by anybody. */
final class BackupMeter {
    private final AtomicLong receivedBytes = new AtomicLong();
    private volatile long committedEpoch;
    private volatile long lastCommitNanos;
    private volatile long takeoverNanos;
    private volatile long runningSince;

    /** When the primary was lost, by our clock; 0 while it is not. The conductor's own. */
    long suspectedSince;

    void received(int bytes) {
        receivedBytes.addAndGet(bytes);
    }

    void committed(long epoch, long now) {
        committedEpoch = epoch;
        lastCommitNanos = now;
    }

    void running(long now) {
        runningSince = now;
        takeoverNanos = now - suspectedSince;
    }

    BackupView view(
            GroupRecord record,
            StateMachine.Entry<BackupState> entry,
            List<Afterlife> afterlives,
            DiskCopy.Condition disks,
            long now) {
        return new BackupView(
                record,
                entry.state(),
                entry.reason(),
                takeoverNanos != 0 && entry.state() == BackupState.ACTIVE
                        ? runningSince
                        : entry.sinceNanos(),
                committedEpoch,
                lastCommitNanos == 0 ? 0 : now - lastCommitNanos,
                receivedBytes.get(),
                disks,
                takeoverNanos,
                record.members(),
                memberStates(record, entry.state(), afterlives));
    }

    private static List<String> memberStates(
            GroupRecord record, BackupState state, List<Afterlife> afterlives) {
        return IntStream.range(0, record.members().size())
                .mapToObj(i -> memberState(state, i < afterlives.size() ? afterlives.get(i) : null))
                .toList();
    }

    private static String memberState(BackupState state, @Nullable Afterlife afterlife) {
        return switch (state) {
            case SEEDING, STANDBY, TAKING_OVER, CLAIMING -> "waiting";
            case ACTIVE, OFF, LOST ->
                    afterlife == null ? "unknown" : afterlife.name().toLowerCase(Locale.ROOT);
            case CONCEDED, ENDED -> "none";
        };
    }
}
