package remus.agent.cli;

import java.util.ArrayList;
import java.util.List;
import remus.agent.api.DiskStatus;
import remus.agent.api.GroupStatus;
import remus.agent.api.MemberStatus;

/** What an operator should know of a group's disks, in lines of at most 100 columns. */
final class DiskLines {
    private DiskLines() {}

    static List<String> of(GroupStatus group) {
        List<String> lines = new ArrayList<>();
        if (group.getRole().equals("backup")) {
            atBackup(group, lines);
            return lines;
        }
        int replicated = 0;
        for (MemberStatus member : group.getMembersList()) {
            for (DiskStatus disk : member.getDisksList()) {
                String name = "  disk " + member.getName() + "/" + disk.getName() + ": ";
                switch (disk.getState()) {
                    case "not-replicated" -> lines.add(name + leftOut(disk));
                    case "copying" -> lines.add(name + copying(disk));
                    default -> replicated++;
                }
            }
        }
        if (replicated > 0) {
            lines.add(0, "  disks: " + replicated + " replicated, lag " + lag(group));
        }
        return lines;
    }

    private static String leftOut(DiskStatus disk) {
        return Human.bytes(disk.getBytes())
                + ", NOT replicated: a takeover uses the backup's own file";
    }

    private static String copying(DiskStatus disk) {
        double done = (double) disk.getCopiedBytes() / Math.max(1, disk.getBytes());
        return "copying, "
                + (long) (100 * done)
                + "%, "
                + Human.bytes(disk.getCopiedBytes())
                + " of "
                + Human.bytes(disk.getBytes())
                + ", sent "
                + Human.bytes(disk.getSentBytes());
    }

    private static String lag(GroupStatus group) {
        long epochs = group.getEpoch() - group.getAckedEpoch();
        return Human.bytes(group.getDiskLagBytes())
                + " in "
                + Long.toUnsignedString(epochs)
                + (epochs == 1 ? " epoch" : " epochs")
                + " not acknowledged";
    }

    private static void atBackup(GroupStatus group, List<String> lines) {
        if (group.getImages().isEmpty()) {
            return;
        }
        lines.add(
                "  disks: images "
                        + group.getImages()
                        + ", journal "
                        + Human.bytes(group.getJournalBytes())
                        + " of "
                        + Human.bytes(group.getJournalSizeBytes())
                        + ", "
                        + Human.bytes(group.getDiskLagBytes())
                        + " not in the images yet");
        if (!group.getImagesProblem().isEmpty()) {
            lines.add("    " + group.getImagesProblem());
            lines.add("    fix: " + group.getImagesCorrection());
        }
    }
}
