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

    /** All records. */
    List<GroupRecord> list();
}
