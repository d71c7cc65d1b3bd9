package remus.agent.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How long ago the process was started, its JVM's own start included. From proc(5), field 22 of
 * stat in the kernel's 100 ticks per second: the JDK's own answer is off by up to a second, because
 * it adds the boot time in whole seconds.
 */
final class Uptime {
    private static final int MILLIS_PER_TICK = 10;
    private static final int START_TIME_AFTER_NAME = 19;

    private Uptime() {}

    /** Exact to two ticks; -1 if the kernel does not tell. */
    static long millis() {
        try {
            String stat = Files.readString(Path.of("/proc/self/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            long startMillis = Long.parseLong(fields[START_TIME_AFTER_NAME]) * MILLIS_PER_TICK;
            String uptime = Files.readString(Path.of("/proc/uptime"));
            double seconds = Double.parseDouble(uptime.substring(0, uptime.indexOf(' ')));
            return (long) (seconds * 1000) - startMillis;
        } catch (IOException unknown) {
            return -1;
        }
    }
}
