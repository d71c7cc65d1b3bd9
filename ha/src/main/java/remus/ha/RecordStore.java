package remus.ha;

import java.util.List;

/**
 * Where group records live. Changes return only when they would survive a power loss; one that
 * cannot be made throws {@link remus.domain.DomainException} with code {@code record-failed}.
 */
public interface RecordStore {

    /** Writes the record of {@code record.name()}, replacing the one before as a whole. */
    void put(GroupRecord record);

    /** Forgets the group; no record is no error. */
    void remove(String name);

    /** All records, and those that cannot be read: of their groups only the name is known. */
    Contents list();

    /** What was found. */
    record Contents(List<GroupRecord> records, List<Unreadable> unreadable) {
        /** Copies the lists. */
        public Contents {
            records = List.copyOf(records);
            unreadable = List.copyOf(unreadable);
        }
    }

    /**
     * A record that cannot be understood: nobody speaks, resumes, destroys or activates anything on
     * its account.
     */
    record Unreadable(String name, Reason why) {
        /** A record, and what is wrong with it. */
        public static Unreadable of(String name, String problem) {
            return new Unreadable(
                    name,
                    new Reason(
                            "record-unreadable",
                            problem
                                    + "; nothing is done for this group: a guest of it here is as"
                                    + " it was found, unheard if it was protected",
                            "find out with `remus status` on the other host which copy runs; then"
                                + " restore the record or move it away, and restart this agent; a"
                                + " guest that runs here is heard once it is protected anew"));
        }
    }
}
