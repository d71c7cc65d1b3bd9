package remus.primary;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import remus.ha.GroupRecord.Standing;

/**
 * What a group is at its primary.
 *
 * <pre>
 *   CONNECTING --> SEEDING --> PROTECTED &lt;--> DEGRADED
 *       ^                          |              |
 *       +----- conceded -----------+--------------+      the backup gave its copy up: start over
 *
 *   SEEDING, PROTECTED, DEGRADED --> LEAVING --> UNPROTECTED | OFF      once the backup has conceded
 *   any that is not final --> SUPERSEDED                                the backup has taken over
 *   CONNECTING, SEEDING --> UNPROTECTED | OFF                           no copy can exist yet
 * </pre>
 */
public enum GroupState {
    /** Looking for the backup and offering it the group; the guests are as they were found. */
    CONNECTING,
    /** Memory is being copied while the guests run; their output flows freely. */
    SEEDING,
    /** Each epoch is acknowledged before its output leaves. */
    PROTECTED,
    /** Output is held and no epoch is acknowledged; the guests run on. */
    DEGRADED,
    /** Waiting for the backup's promise never to activate its copy. */
    LEAVING,
    /** Let go: the guests are as they were found. */
    UNPROTECTED,
    /** The backup runs the group; the copies here are stopped and silent. */
    SUPERSEDED,
    /** The guests' owner switched them off. */
    OFF;

    static final Map<GroupState, EnumSet<GroupState>> LEGAL = new EnumMap<>(GroupState.class);

    static {
        LEGAL.put(CONNECTING, EnumSet.of(SEEDING, UNPROTECTED, SUPERSEDED, OFF));
        LEGAL.put(
                SEEDING,
                EnumSet.of(PROTECTED, DEGRADED, CONNECTING, LEAVING, UNPROTECTED, SUPERSEDED, OFF));
        LEGAL.put(PROTECTED, EnumSet.of(DEGRADED, CONNECTING, LEAVING, UNPROTECTED, SUPERSEDED));
        LEGAL.put(
                DEGRADED, EnumSet.of(PROTECTED, CONNECTING, LEAVING, UNPROTECTED, SUPERSEDED, OFF));
        LEGAL.put(LEAVING, EnumSet.of(UNPROTECTED, SUPERSEDED, OFF));
        LEGAL.put(UNPROTECTED, EnumSet.noneOf(GroupState.class));
        LEGAL.put(SUPERSEDED, EnumSet.of(UNPROTECTED));
        LEGAL.put(OFF, EnumSet.noneOf(GroupState.class));
    }

    /** Where a group begins whose record says {@code standing}. */
    static GroupState of(Standing standing) {
        return switch (standing) {
            case SEEDING, CONCEDED -> CONNECTING;
            case PROTECTED, CLAIMING -> DEGRADED; // the latter is a backup's
            case ACTIVATED -> SUPERSEDED;
            case OFF -> LEAVING;
        };
    }

    /** Whether nothing more happens by itself. */
    public boolean isFinal() {
        return this == UNPROTECTED || this == OFF;
    }
}
