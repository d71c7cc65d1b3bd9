package remus.ha;

import java.util.List;
import java.util.Objects;
import remus.domain.DiskSelection;

/**
 * What an agent must remember of a group across its own death. Written, and on disk, before what it
 * says is acted on.
 *
 * @param name the group's name
 * @param uuid the group's UUID, as text
 * @param role which side this host is
 * @param incarnation the protection that {@code standing} speaks of
 * @param standing how far that protection got
 * @param peer the other host, {@code host:port}
 * @param failover {@code MANUAL}, {@code AUTOMATIC} or {@code AUTOMATIC_WITHOUT_WITNESS}
 * @param intervalNanos the checkpoint interval
 * @param unsafe whether the operator accepted an unsafe configuration
 * @param members the domains, in the group's order
 * @param disks which of their disks are replicated, and how; the backup need not know
 * @param witnessed whether the witness decides who may run this group
 * @param term the highest of the witness's terms that this host has seen of it; 0 before the first
 */
public record GroupRecord(
        String name,
        String uuid,
        Role role,
        long incarnation,
        Standing standing,
        String peer,
        String failover,
        long intervalNanos,
        boolean unsafe,
        List<Member> members,
        DiskSelection disks,
        boolean witnessed,
        long term) {
    /** Copies the list; a record of a time that knew no selection has none. */
    public GroupRecord {
        members = List.copyOf(members);
        disks = Objects.requireNonNullElse(disks, DiskSelection.WRITABLE);
    }

    /** Which side. */
    public enum Role {
        PRIMARY,
        BACKUP
    }

    /** How far a protection got. */
    public enum Standing {
        /** No complete copy can exist: the primary may speak freely. */
        SEEDING,
        /**
         * A complete copy may exist: the primary speaks only by acknowledgement, the backup may
         * take over.
         */
        PROTECTED,
        /** Backup: it asks the witness for the group; the witness's record tells how that ended. */
        CLAIMING,
        /** Backup: its copies run. Primary: it knows that, and keeps its own stopped. */
        ACTIVATED,
        /** Backup: it has promised never to activate this incarnation. */
        CONCEDED,
        /** The guest's owner switched it off. */
        OFF
    }

    /**
     * One domain; pid and start time of the process that is, or became, the domain on this host.
     */
    public record Member(String name, String uuid, long pid, long startTicks) {
        /** A member known by its name only. */
        public Member(String name) {
            this(name, "", 0, 0);
        }
    }

    /** This record with another standing. */
    public GroupRecord with(Standing newStanding) {
        return with(incarnation, newStanding, intervalNanos, members, term);
    }

    /** This record with members that are known better. */
    public GroupRecord withMembers(List<Member> newMembers) {
        return with(incarnation, standing, intervalNanos, newMembers, term);
    }

    /** This record with another interval. */
    public GroupRecord withInterval(long newIntervalNanos) {
        return with(incarnation, standing, newIntervalNanos, members, term);
    }

    /** This record with a term that was seen; terms only rise. */
    public GroupRecord withTerm(long seen) {
        return with(incarnation, standing, intervalNanos, members, Math.max(term, seen));
    }

    /** This record of a new incarnation, of which nothing can be complete yet. */
    public GroupRecord anew(long newIncarnation, long newIntervalNanos) {
        return with(newIncarnation, Standing.SEEDING, newIntervalNanos, members, term);
    }

    private GroupRecord with(
            long newIncarnation,
            Standing newStanding,
            long newIntervalNanos,
            List<Member> newMembers,
            long newTerm) {
        return new GroupRecord(
                name,
                uuid,
                role,
                newIncarnation,
                newStanding,
                peer,
                failover,
                newIntervalNanos,
                unsafe,
                newMembers,
                disks,
                witnessed,
                newTerm);
    }
}
