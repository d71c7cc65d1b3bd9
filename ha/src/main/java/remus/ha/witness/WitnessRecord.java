package remus.ha.witness;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.UUID;

/**
 * What the witness holds of a group. Each change of {@code mode} or {@code owner} raises the term.
 *
 * @param group the group's UUID, as text
 * @param term the fencing number, from 1
 * @param mode who may speak
 * @param owner the host whose copy runs: its identity
 * @param incarnation the protection that PROTECTED speaks of; of ALONE the one that ended with it,
 *     or 0
 * @param nonce tells the owner's claims to go alone apart; 0 in all others
 */
public record WitnessRecord(
        String group, long term, Mode mode, String owner, long incarnation, long nonce) {
    /** No record has more bytes than this. */
    public static final int MAX_BYTES = 4096;

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /** Who may speak. */
    public enum Mode {
        /** The owner, freely: there is no other copy that may ever run. */
        ALONE,
        /** The owner, by acknowledgements of its backup; the backup may claim the group. */
        PROTECTED,
        /** Nobody: the guest's owner switched it off. */
        OFF
    }

    /** The first record of a group. */
    public static WitnessRecord first(String group, String owner, long nonce) {
        return new WitnessRecord(group, 1, Mode.ALONE, owner, 0, nonce);
    }

    /** The record that follows this one. */
    public WitnessRecord next(Mode newMode, String newOwner, long newIncarnation) {
        return new WitnessRecord(group, term + 1, newMode, newOwner, newIncarnation, 0);
    }

    WitnessRecord with(long newNonce) {
        return new WitnessRecord(group, term, mode, owner, incarnation, newNonce);
    }

    /** As JSON. */
    public byte[] toBytes() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record that Jackson cannot write", e);
        }
    }

    /**
     * Reads JSON.
     *
     * @throws IOException if it is no record; its message says what is wrong with it
     */
    public static WitnessRecord parse(byte[] bytes) throws IOException {
        expect(bytes.length <= MAX_BYTES, bytes.length + " bytes", "<= " + MAX_BYTES);
        WitnessRecord record;
        try {
            record = JSON.readValue(bytes, WitnessRecord.class);
        } catch (JsonProcessingException e) {
            throw new IOException("it is no record: " + e.getOriginalMessage(), e);
        }
        expect(record != null, "null", "a record");
        expect(record.mode != null, "no mode", "ALONE, PROTECTED or OFF");
        expect(record.owner != null && !record.owner.isEmpty(), "no owner", "a host's identity");
        expect(record.term > 0, "term " + record.term, "> 0");
        expect(isUuid(record.group), "group " + record.group, "a UUID");
        return record;
    }

    private static boolean isUuid(String text) {
        try {
            return text != null && UUID.fromString(text).toString().equals(text);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static void expect(boolean holds, String actual, String expected) throws IOException {
        if (!holds) {
            throw new IOException("it has " + actual + " (expected: " + expected + ")");
        }
    }
}
