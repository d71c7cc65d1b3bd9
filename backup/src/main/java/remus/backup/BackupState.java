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
 *   SEEDING --> STANDBY --> TAKING_OVER --> CLAIMING --> ACTIVE --> OFF | LOST --> ENDED
 *      |          |  ^          |   |          |           ^
 *      |          |  +----------+   +----------|-----------+      without a witness
 *      |          |   nothing was activated    |
 *      v          v                            v
 *    ENDED     CONCEDED                     CONCEDED              the primary goes on
 * </pre>
 */
public enum BackupState {
    /** Memory is being received; there is no copy yet. */
    SEEDING,
    /** A complete copy waits, at the last committed epoch. */
    STANDBY,
    /** No epoch is acknowledged any more; the copy is being loaded. */
    TAKING_OVER,
    /** The copy is loaded, and the witness is asked whether it may run. */
    CLAIMING,
    /** The domains run here. */
    ACTIVE,
    /** The domains ran here until their owner switched them off; nobody runs them again. */
    OFF,
    /** The domains ran here and are gone, by nobody's will; nothing runs them again by itself. */
    LOST,
    /** The copy was given up, on the record: it is never activated. */
    CONCEDED,
    /** There is nothing here any more. */
    ENDED;

    static final Map<BackupState, EnumSet<BackupState>> LEGAL = new EnumMap<>(BackupState.class);

    static {
        LEGAL.put(SEEDING, EnumSet.of(STANDBY, CONCEDED, ENDED));
        LEGAL.put(STANDBY, EnumSet.of(TAKING_OVER, CONCEDED));
        LEGAL.put(TAKING_OVER, EnumSet.of(CLAIMING, ACTIVE, STANDBY));
        LEGAL.put(CLAIMING, EnumSet.of(ACTIVE, CONCEDED));
        LEGAL.put(ACTIVE, EnumSet.of(OFF, LOST, ENDED));
        LEGAL.put(OFF, EnumSet.of(ENDED));
        LEGAL.put(LOST, EnumSet.of(ENDED));
        LEGAL.put(CONCEDED, EnumSet.of(ENDED));
        LEGAL.put(ENDED, EnumSet.noneOf(BackupState.class));
    }

    /** Where a group begins whose record says {@code standing}. */
    static BackupState of(Standing standing) {
        return switch (standing) {
            case SEEDING, PROTECTED -> SEEDING;
            case CLAIMING -> CLAIMING;
            case ACTIVATED -> ACTIVE;
            case OFF -> OFF;
            case CONCEDED -> CONCEDED;
        };
    }

    /** Why a group begins in this state. */
    Reason onRecord() {
        return new Reason(name().toLowerCase(Locale.ROOT), "as the record says");
    }

    /** Whether this host took the group over: its primary's copy must never speak again. */
    boolean isActivated() {
        return this == ACTIVE || this == OFF || this == LOST;
    }

    /** Whether the group's copy is gone and nothing more happens by itself. */
    public boolean isFinal() {
        return this == CONCEDED || this == ENDED;
    }
}
