package remus.ha.witness;

import java.util.function.Consumer;
import remus.ha.Reason;

/**
 * The register of all groups. Answers come from any thread, each exactly once, within a time of the
 * implementation's own; nothing is repeated by itself, as a write whose answer was lost may have
 * been made.
 */
public interface Witness {

    /** What is there, as far as is known. */
    sealed interface Answer {
        /** The record. */
        record There(WitnessRecord record) implements Answer {}

        /** No record of this group. */
        record Nothing() implements Answer {}

        /**
         * The witness did not answer, or not in words that we understand. A change that was asked
         * for has been made, or will be yet, or never.
         */
        record Unknown(Reason why) implements Answer {}
    }

    /**
     * Whether a session with the witness is live now. What is asked without one is answered with
     * {@link Answer.Unknown}.
     */
    boolean isLive();

    /** Reads the record as it is now, whatever server is asked. */
    void read(String group, Consumer<Answer> then);

    /**
     * Makes the record of a group that has none.
     *
     * @param then is told what is there afterwards, ours or another's
     */
    void create(WitnessRecord record, Consumer<Answer> then);

    /**
     * Replaces a record, if it is exactly {@code expected}, in one step.
     *
     * @param then is told what is there afterwards: {@code wanted}, or what was there instead of
     *     {@code expected}
     */
    void compareAndSet(WitnessRecord expected, WitnessRecord wanted, Consumer<Answer> then);
}
