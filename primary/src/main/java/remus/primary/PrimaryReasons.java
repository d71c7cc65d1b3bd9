package remus.primary;

import java.util.List;
import remus.ha.Reason;

/** The reasons that {@link PrimaryCore} gives, in words. */
final class PrimaryReasons {
    static final Reason SEEDING =
            new Reason("seeding", "memory is being copied while the guest runs");
    static final Reason PROTECTED =
            new Reason("protected", "every epoch is acknowledged before its output leaves");
    static final Reason ENTERING =
            new Reason(
                    "entering",
                    "the first copy is complete; its output leaves as soon as the witness knows");
    static final Reason WITNESS_AWAITED =
            new Reason(
                    "witness-away",
                    "the copy is close enough, but the witness cannot be reached; the guest runs"
                            + " unprotected until then",
                    "start it, or mend the network to it");
    static final Reason ALONE =
            new Reason(
                    "alone",
                    "the backup is gone, and the witness let this host go on alone; the guest runs"
                            + " unprotected until the next copy is complete");
    static final Reason BACKUP_FORGOT =
            new Reason(
                    "backup-forgot",
                    "the backup has no record of this protection, so it cannot promise anything:"
                            + " output is held",
                    "make sure that no copy runs there, then `remus unprotect --force`");
    static final Reason SUPERSEDED =
            new Reason(
                    "superseded",
                    "the backup has taken over and runs this group; the copy here is stopped and"
                            + " silent (`remus unprotect` destroys it)");
    static final Reason UNPROTECTED =
            new Reason("unprotected", "let go by an operator; the guest is as it was found");
    static final Reason CLEANED_UP = new Reason("cleaned-up", "the stale copy is destroyed");

    private PrimaryReasons() {}

    static Reason backupGaveUp(String why) {
        return new Reason("backup-gave-up", "the backup gave its copy up: " + why);
    }

    static Reason startingOver(String why, Reason before) {
        return new Reason(
                "starting-over",
                "the backup gave its copy up ("
                        + why
                        + "); the guest runs unprotected until the next copy is complete; before: "
                        + before.code());
    }

    static Reason backupLost(String how) {
        return new Reason("backup-lost", "the connection to the backup " + how);
    }

    static Reason linkLost(String how) {
        return new Reason("link-lost", "the connection to the backup " + how + "; output is held");
    }

    static Reason unreachable(String how) {
        return new Reason(
                "backup-unreachable",
                "no agent answers there: " + how,
                "start `remus agent` on the backup or correct the address");
    }

    static Reason paused(String who) {
        return new Reason(
                "guest-paused",
                "not running, and not by our doing: " + who + "; checkpoints go on when it runs");
    }

    static Reason died(List<String> names, String detail, boolean copyExists, boolean automatic) {
        String who = String.join(", ", names) + " died on this host (" + detail + ")";
        if (!copyExists) {
            return new Reason("domain-lost", who + "; there was no complete copy yet");
        }
        return automatic
                ? new Reason("domain-lost", who + "; the backup takes over")
                : new Reason("domain-lost", who, "run `remus failover` on the backup");
    }

    static Reason switchedOff(String name, String detail) {
        return new Reason("switched-off", name + " was switched off by its owner (" + detail + ")");
    }
}
