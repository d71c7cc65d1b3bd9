package remus.backup;

import java.util.concurrent.atomic.AtomicLong;
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

    BackupView view(GroupRecord record, StateMachine.Entry<BackupState> entry, long now) {
        return new BackupView(
                record,
                entry.state(),
                entry.reason(),
                takeoverNanos == 0 ? entry.sinceNanos() : runningSince,
                committedEpoch,
                lastCommitNanos == 0 ? 0 : now - lastCommitNanos,
                receivedBytes.get(),
                takeoverNanos,
                record.members());
    }
}
