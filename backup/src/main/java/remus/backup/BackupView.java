package remus.backup;

import java.util.List;
import remus.diskbuf.DiskCopy;
import remus.ha.GroupRecord;
import remus.ha.Reason;

/**
 * A group at its backup as an operator sees it: plain data, rendered elsewhere.
 *
 * @param sinceNanos when the state was entered, in {@link System#nanoTime}
 * @param committedEpoch the newest whole epoch here; 0 before the first
 * @param lastCommitAgeNanos since it was committed; 0 before the first
 * @param receivedBytes payload received so far, seed included
 * @param disks how their images stand
 * @param takeoverNanos from the moment that the primary was lost to the domains running here; 0 if
 *     they do not
 * @param members names, and the processes that are or became the domains here
 * @param memberStates of each, one word: {@code waiting} as a standby; after a takeover {@code
 *     running}, {@code off}, {@code gone}, or {@code unknown} until it was looked for; {@code none}
 */
public record BackupView(
        GroupRecord record,
        BackupState state,
        Reason reason,
        long sinceNanos,
        long committedEpoch,
        long lastCommitAgeNanos,
        long receivedBytes,
        DiskCopy.Condition disks,
        long takeoverNanos,
        List<GroupRecord.Member> members,
        List<String> memberStates) {}
