package remus.domain;

import java.util.List;

/**
 * Which disks of a group are replicated, and how, as far as its operator decides it: those that the
 * guests write to, and no other media, unless something else is asked for.
 *
 * @param leftOut disks that are written to and all the same not replicated: {@code DOMAIN/DISK}, or
 *     {@code DISK} in a group of one domain, or {@link #EVERY}
 * @param copyMedia whether media that the guests cannot write to are copied too
 * @param mode how writes to those that are replicated are captured
 */
public record DiskSelection(List<String> leftOut, boolean copyMedia, Mode mode) {
    /** In place of a name: every disk. */
    public static final String EVERY = "all";

    /** Nothing special is asked for. */
    public static final DiskSelection WRITABLE = new DiskSelection(List.of(), false);

    /** Copies the list. */
    public DiskSelection {
        leftOut = List.copyOf(leftOut);
    }

    /** Each disk is captured in its own way. */
    public DiskSelection(List<String> leftOut, boolean copyMedia) {
        this(leftOut, copyMedia, Mode.AUTO);
    }

    /** How the writes of a guest to its disks are captured. */
    public enum Mode {
        /** Each disk that is an export of this agent is one of boot time, others are mirrored. */
        AUTO,
        /** Every disk is mirrored. */
        MIRROR,
        /** Every disk that is written to is an export of this agent, or the domain is refused. */
        BOOT_TIME
    }

    /**
     * What of it speaks of one domain; the names are those of its disks alone.
     *
     * @param domain as it was called when the selection was made
     */
    public DiskSelection of(String domain) {
        String prefix = domain + "/";
        List<String> names =
                leftOut.stream()
                        .filter(name -> name.startsWith(prefix) || !name.contains("/"))
                        .map(name -> name.substring(name.lastIndexOf('/') + 1))
                        .toList();
        return new DiskSelection(names, copyMedia, mode);
    }

    /** Whether this disk of the domain that the selection speaks of is left out. */
    public boolean leavesOut(String disk) {
        return leftOut.contains(EVERY) || leftOut.contains(disk);
    }

    /** What it means that a disk is left out, one sentence for people. */
    public static String loss(String disk) {
        return "disk "
                + disk
                + " is not replicated: what the guest writes to it stays at this host. After a"
                + " takeover the guest finds what the file of the same path holds at the backup,"
                + " while its memory is of the last acknowledged epoch: a file system that was"
                + " mounted from it, or swap, is then broken";
    }
}
