package remus.backup;

import remus.domain.DomainException;
import remus.ha.Reason;
import remus.ha.witness.WitnessRecord;

/** The reasons that {@link BackupCore} gives, in words. */
final class BackupReasons {
    static final Reason STANDBY =
            new Reason("standby", "a complete copy waits here and follows the primary");
    static final Reason STANDBY_LOST =
            new Reason("standby-lost", "the standby's process on this host died");

    static final Reason CLAIMING = new Reason("claiming", "the witness is asked for the group");
    static final Reason WITNESS_AWAITED =
            new Reason(
                    "witness-away",
                    "the witness cannot be reached, so nobody takes over",
                    "start it, or mend the network to it");

    static final Reason FORCED =
            new Reason(
                    "forced",
                    "this host runs the group on an operator's word, but the witness gave it to the"
                            + " primary",
                    "make sure that no copy runs there");
    static final Reason NO_WITNESS =
            new Reason(
                    "no-witness",
                    "this group was protected with a witness, and none is configured now",
                    "restore `witness` in the agent's configuration and restart it");

    static final Reason SUPPLANTED =
            new Reason("supplanted", "the primary went on alone, and protects the group anew");

    private BackupReasons() {}

    /** What came could not be kept, so the copy is worth nothing any more. */
    static Reason spoiled(RuntimeException cause) {
        Reason why =
                cause instanceof DomainException known
                        ? Reason.of(known)
                        : new Reason("copy-spoiled", String.valueOf(cause.getMessage()));
        return why.after("the copy cannot be kept: ");
    }

    static Reason lostTo(WitnessRecord record) {
        return new Reason(
                "claim-lost",
                "the witness gave the group to its primary (term "
                        + record.term()
                        + ", "
                        + record.mode()
                        + "): the copy here is of no account");
    }

    /**
     * Domains ended that were taken over.
     *
     * @param off the names of those that were switched off; may be empty
     * @param gone the names of those that are gone by nobody's will; may be empty
     * @param others whether others of the group run on
     */
    static Reason ended(String off, String gone, boolean others) {
        String rest = others ? "; the others run on" : "";
        if (gone.isEmpty()) {
            return new Reason(
                    "switched-off",
                    off + " ran here after the takeover and was switched off" + rest,
                    "`remus unprotect` here forgets the protection");
        }
        return new Reason(
                "domain-lost",
                gone
                        + " ran here after the takeover and is gone: its QEMU was killed or"
                        + " crashed, or this host was rebooted"
                        + (off.isEmpty() ? "" : "; " + off + " was switched off")
                        + rest
                        + "; nothing runs it again by itself",
                "start it like any domain where its newest data is, then `remus unprotect` here");
    }
}
