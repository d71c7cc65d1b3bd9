package remus.domain.linux;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What /proc tells about processes (proc(5)). A process may be gone at any moment. */
public final class ProcessFiles {
    private static final Path PROC = Path.of("/proc");
    private static final int CMDLINE_LIMIT_BYTES = 1 << 20;
    private static final int STAT_LIMIT_BYTES = 4096;
    private static final int STATUS_LIMIT_BYTES = 64 << 10;
    private static final Pattern EFFECTIVE_UID = Pattern.compile("(?m)^Uid:\\s+\\d+\\s+(\\d+)");

    /** Of the fields of stat, counted from the one behind the name: state is 0. */
    private static final int START_TICKS_FIELD = 19;

    private ProcessFiles() {}

    /** The processes that can be seen from here. */
    public static List<Long> pids() throws IOException {
        List<Long> pids = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path entry : entries) {
                pids.add(Long.parseLong(entry.getFileName().toString()));
            }
        }
        return pids;
    }

    /** The arguments that the process was started with; empty for a kernel thread. */
    public static List<String> arguments(long pid) throws IOException {
        String text = read(path(pid, "cmdline"), CMDLINE_LIMIT_BYTES);
        List<String> arguments = new ArrayList<>();
        int start = 0;
        for (int end = text.indexOf('\0'); end >= 0; end = text.indexOf('\0', start)) {
            arguments.add(text.substring(start, end));
            start = end + 1;
        }
        return arguments;
    }

    /** When the process was started, in clock ticks since boot: with the pid, its identity. */
    public static long startTicks(long pid) throws IOException {
        return startTicks(read(path(pid, "stat"), STAT_LIMIT_BYTES));
    }

    /** Whether the process with this identity is there, and more than its entry in the table. */
    public static boolean isAlive(long pid, long startTicks) {
        try {
            String stat = read(path(pid, "stat"), STAT_LIMIT_BYTES);
            boolean dead = stat.startsWith("Z ", stat.lastIndexOf(')') + 2);
            return !dead && startTicks(stat) == startTicks;
        } catch (IOException gone) {
            return false;
        }
    }

    /** The name in parentheses may itself contain spaces and parentheses: the last one ends it. */
    static long startTicks(String stat) throws IOException {
        int nameEnd = stat.lastIndexOf(')');
        String[] fields = stat.substring(Math.min(stat.length(), nameEnd + 2)).split(" ", -1);
        if (nameEnd < 0 || fields.length <= START_TICKS_FIELD) {
            throw new IOException("not a stat of a process: " + stat);
        }
        try {
            return Long.parseLong(fields[START_TICKS_FIELD]);
        } catch (NumberFormatException e) {
            throw new IOException("not a stat of a process: " + stat, e);
        }
    }

    /** The user that it acts as. */
    public static int effectiveUid(long pid) throws IOException {
        Matcher uid = EFFECTIVE_UID.matcher(read(path(pid, "status"), STATUS_LIMIT_BYTES));
        if (!uid.find()) {
            throw new IOException("no Uid in the status of process " + pid);
        }
        return Integer.parseInt(uid.group(1));
    }

    /** Its working directory. */
    public static Path workingDirectory(long pid) throws IOException {
        return Files.readSymbolicLink(path(pid, "cwd"));
    }

    private static Path path(long pid, String file) {
        return PROC.resolve(Long.toString(pid)).resolve(file);
    }

    private static String read(Path path, int limitBytes) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return new String(in.readNBytes(limitBytes), StandardCharsets.UTF_8);
        }
    }
}
