package remus.agent.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import remus.agent.api.DiskStatus;
import remus.agent.api.GroupStatus;
import remus.agent.api.MemberStatus;

/**
 * The way to the first checkpoint, and below it that of each disk: bars on a terminal, else lines
 * for each change and every 5 s.
 */
final class Progress {
    private static final int BAR = 30;
    private static final long LINE_EVERY_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** Lines that a narrow terminal wrapped could not be counted. */
    private static final String CUT = "\033[?7l";

    private static final String WRAP = "\033[?7h";

    private final Console console;
    private final PrintStream out;
    private final String group;
    private final long startNanos = System.nanoTime();
    private final Map<String, Rate> rates = new HashMap<>();
    private long lineNanos;
    private String state = "";

    /** Lines that the next ones on a terminal take the place of. */
    private int linesOpen;

    /** How fast something goes, from when it was first seen. */
    private record Rate(long firstBytes, long firstNanos) {
        /** {@code , 12 MiB/s, eta 3s}, or nothing as long as it cannot be told, and at the end. */
        String text(long bytes, long total, long now) {
            double seconds = (now - firstNanos) / 1e9;
            if (seconds <= 0.2 || bytes <= firstBytes || bytes >= total) {
                return "";
            }
            double rate = (bytes - firstBytes) / seconds;
            String eta = Human.duration((long) ((total - bytes) / rate * 1e9));
            return ", " + Human.bytes((long) rate) + "/s, eta " + eta;
        }
    }

    Progress(Console console, String group) {
        this.console = console;
        this.out = console.out();
        this.group = Table.clean(group);
    }

    void show(GroupStatus status) {
        long now = System.nanoTime();
        boolean changed = !status.getState().equals(state);
        state = status.getState();
        List<String> lines = lines(status, now, console.terminal());
        if (console.terminal()) {
            out.print(linesOpen > 1 ? "\033[" + (linesOpen - 1) + "A\r" : "\r");
            out.print(CUT + String.join("\033[K\n", lines) + "\033[J" + WRAP);
            out.flush();
            linesOpen = lines.size();
        } else if (changed || now - lineNanos >= LINE_EVERY_NANOS) {
            lineNanos = now;
            lines.forEach(out::println);
        }
    }

    void done(GroupStatus status) {
        end();
        out.println(
                group
                        + ": PROTECTED by "
                        + Table.clean(status.getPeer())
                        + " after "
                        + Human.duration(System.nanoTime() - startNanos)
                        + ", checkpoint "
                        + Long.toUnsignedString(status.getAckedEpoch())
                        + " acknowledged");
    }

    /** Leaves the bars' lines. */
    void end() {
        if (linesOpen > 0) {
            out.println();
            linesOpen = 0;
        }
    }

    private List<String> lines(GroupStatus status, long now, boolean bar) {
        List<String> lines = new ArrayList<>();
        lines.add(line(status, now, bar));
        for (MemberStatus member : status.getMembersList()) {
            for (DiskStatus disk : member.getDisksList()) {
                String name = Table.clean(member.getName() + "/" + disk.getName());
                lines.add(
                        disk.getState().equals("not-replicated")
                                ? "  " + name + ": not replicated"
                                : "  " + name + ": " + disk(name, disk, now, bar));
            }
        }
        return lines;
    }

    private String disk(String name, DiskStatus disk, long now, boolean bar) {
        String sent = ", sent " + Human.bytes(disk.getSentBytes());
        return amount(disk.getCopiedBytes(), disk.getBytes(), bar)
                + sent
                + rate(name, disk.getCopiedBytes(), disk.getBytes(), now);
    }

    private static String amount(long done, long total, boolean bar) {
        StringBuilder text = new StringBuilder();
        if (bar) {
            int full = total == 0 ? BAR : (int) (BAR * (double) done / total);
            text.append('[').append("#".repeat(full)).append(".".repeat(BAR - full)).append("] ");
        }
        text.append(total == 0 ? 100 : (long) (100.0 * done / total)).append("%, ");
        return text.append(Human.bytes(done)).append(" of ").append(Human.bytes(total)).toString();
    }

    private String rate(String what, long done, long total, long now) {
        return rates.computeIfAbsent(what, key -> new Rate(done, now)).text(done, total, now);
    }

    private String line(GroupStatus status, long now, boolean bar) {
        String head = group + ": " + (state.isEmpty() ? "starting" : Table.clean(state));
        long total = status.getSeedTotalBytes();
        if (total <= 0) {
            return head
                    + (status.getReason().isEmpty() ? "" : ", " + Table.clean(status.getReason()));
        }
        long done = Math.min(status.getSeedBytes(), total);
        return head + " " + amount(done, total, bar) + rate("", done, total, now);
    }
}
