package remus.backup;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import remus.ha.GroupRecord.Standing;
import remus.ha.Reason;

/**
 * What a group is at its backup.
 *
 * <pre>
 *   SEEDING --> STANDBY --> TAKING_OVER --> ACTIVE --> ENDED
 *      |          |  ^          |
 *      |          |  +----------+        nothing was activated
 *      v          v
 *    ENDED     CONCEDED
 * </pre>
 */
public enum BackupState {
    /** Memory is being received; there is no copy yet. */
    SEEDING,
    /** A complete copy waits, at the last committed epoch. */
    STANDBY,
    /** No epoch is acknowledged any more; the copy is being loaded. */
    TAKING_OVER,
    /** The domains run here. */
    ACTIVE,
    /** The copy was given up, on the record: it is never activated. */
    CONCEDED,
    /** There is nothing here any more. */
    ENDED;

    static final Map<BackupState, EnumSet<BackupState>> LEGAL = new EnumMap<>(BackupState.class);

    static {
        LEGAL.put(SEEDING, EnumSet.of(STANDBY, CONCEDED, ENDED));
        LEGAL.put(STANDBY, EnumSet.of(TAKING_OVER, CONCEDED));
        LEGAL.put(TAKING_OVER, EnumSet.of(ACTIVE, STANDBY));
        LEGAL.put(ACTIVE, EnumSet.of(ENDED));
        LEGAL.put(CONCEDED, EnumSet.of(ENDED));
        LEGAL.put(ENDED, EnumSet.noneOf(BackupState.class));
    }

    /** Where a group begins whose record says {@code standing}. */
    static BackupState of(Standing standing) {
        return switch (standing) {
            case SEEDING, PROTECTED -> SEEDING;
            case ACTIVATED -> ACTIVE;
            case CONCEDED, OFF -> CONCEDED;
        };
    }

    /** Why a group begins in this state. */
    Reason onRecord() {
        return new Reason(name().toLowerCase(Locale.ROOT), "as the record says");
    }

    /** Whether the group's copy is gone and nothing more happens by itself. */
    public boolean isFinal() {
        return this == CONCEDED || this == ENDED;
    }
}
