package remus.agent.cli;

import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import remus.agent.api.GroupStatus;

/**
 * The way to the first checkpoint: a bar on a terminal, else a line for each change and every 5 s.
 */
final class Progress {
    private static final int BAR = 30;
    private static final long LINE_EVERY_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Console console;
    private final PrintStream out;
    private final String group;
    private final long startNanos = System.nanoTime();
    private long lineNanos;
    private long firstBytes = -1;
    private long firstNanos;
    private String state = "";
    private boolean barOpen;

    Progress(Console console, String group) {
        this.console = console;
        this.out = console.out();
        this.group = Table.clean(group);
    }

    void show(GroupStatus status) {
        long now = System.nanoTime();
        boolean changed = !status.getState().equals(state);
        state = status.getState();
        if (status.getSeedTotalBytes() > 0 && firstBytes < 0) {
            firstBytes = status.getSeedBytes();
            firstNanos = now;
        }
        if (console.terminal()) {
            out.print("\r" + line(status, now, true) + "\033[K");
            out.flush();
            barOpen = true;
        } else if (changed || now - lineNanos >= LINE_EVERY_NANOS) {
            lineNanos = now;
            out.println(line(status, now, false));
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

    /** Leaves the bar's line. */
    void end() {
        if (barOpen) {
            out.println();
            barOpen = false;
        }
    }

    private String line(GroupStatus status, long now, boolean bar) {
        String head = group + ": " + (state.isEmpty() ? "starting" : Table.clean(state));
        long total = status.getSeedTotalBytes();
        if (total <= 0) {
            return head
                    + (status.getReason().isEmpty() ? "" : ", " + Table.clean(status.getReason()));
        }
        long sent = Math.min(status.getSeedBytes(), total);
        StringBuilder text = new StringBuilder(head).append(' ');
        if (bar) {
            int full = (int) (BAR * (double) sent / total);
            text.append('[').append("#".repeat(full)).append(".".repeat(BAR - full)).append("] ");
        }
        text.append(100 * sent / total).append("%, ");
        text.append(Human.bytes(sent)).append(" of ").append(Human.bytes(total));
        double seconds = (now - firstNanos) / 1e9;
        if (seconds > 0.2 && sent > firstBytes) {
            double rate = (sent - firstBytes) / seconds;
            text.append(", ").append(Human.bytes((long) rate)).append("/s, eta ");
            text.append(Human.duration((long) Math.max(0, (total - sent) / rate * 1e9)));
        }
        return text.toString();
    }
}
