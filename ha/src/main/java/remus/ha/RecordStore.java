package remus.ha;

import java.util.List;

/**
 * Where group records live. Both methods return only when the change would survive a power loss.
 */
public interface RecordStore {

    /** Writes the record of {@code record.name()}, replacing the one before as a whole. */
    void put(GroupRecord record);

    /** Forgets the group; no record is no error. */
    void remove(String name);

    /** All records. */
    List<GroupRecord> list();
}
