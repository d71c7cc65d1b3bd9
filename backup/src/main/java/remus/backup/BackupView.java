package remus.backup;

import java.util.List;
import remus.ha.GroupRecord;
import remus.ha.Reason;

/**
 * A group at its backup as an operator sees it: plain data, rendered elsewhere.
 *
 * @param sinceNanos when the state was entered, in {@link System#nanoTime}
 * @param committedEpoch the newest whole epoch here; 0 before the first
 * @param lastCommitAgeNanos since it was committed; 0 before the first
 * @param receivedBytes payload received so far, seed included
 * @param takeoverNanos from the moment that the primary was lost to the domains running here; 0 if
 *     they do not
 * @param members names, and the processes that are or became the domains here
 */
public record BackupView(
        GroupRecord record,
        BackupState state,
        Reason reason,
        long sinceNanos,
        long committedEpoch,
        long lastCommitAgeNanos,
        long receivedBytes,
        long takeoverNanos,
        List<GroupRecord.Member> members) {}
