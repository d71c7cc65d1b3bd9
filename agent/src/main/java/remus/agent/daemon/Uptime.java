package remus.agent.daemon;

import java.time.Duration;
import java.time.Instant;

/** How long ago the process was started, its JVM's own start included. */
final class Uptime {
    private Uptime() {}

    static long millis() {
        Instant now = Instant.now();
        return Duration.between(ProcessHandle.current().info().startInstant().orElse(now), now)
                .toMillis();
    }
}
