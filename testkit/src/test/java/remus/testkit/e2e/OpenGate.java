package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Keeps whoever opens a directory waiting in the kernel (fanotify(7)), so that a test can end it
 * there: an agent opens the directory of its records just after a record is in place, to make it
 * last. What is held waits until this is closed; the test itself must not open the directory.
 */
final class OpenGate implements AutoCloseable {
    private static final int CLASS_CONTENT_NONBLOCK_CLOEXEC = 0x4 | 0x2 | 0x1;
    private static final int MARK_ADD_ONLYDIR = 0x1 | 0x8;
    private static final long OPEN_PERMISSION_OF_DIRECTORY = 0x10000L | 0x40000000L;
    private static final int AT_CURRENT_DIRECTORY = -100;
    private static final int EVENT_BYTES = 24;
    private static final int EVENT_DESCRIPTOR = 16;
    private static final int EVENT_PID = 20;

    static {
        Native.register(OpenGate.class, "c");
    }

    private final int events;

    private OpenGate(int events) {
        this.events = events;
    }

    private static native int fanotify_init(int flags, int eventFlags);

    private static native int fanotify_mark(
            int descriptor, int flags, long mask, int directory, String path);

    private static native long read(int descriptor, Pointer buffer, long bytes);

    private static native int close(int descriptor);

    static OpenGate at(Path directory) {
        int events = fanotify_init(CLASS_CONTENT_NONBLOCK_CLOEXEC, 0);
        assertThat(events).as("fanotify_init").isNotNegative();
        int marked =
                fanotify_mark(
                        events,
                        MARK_ADD_ONLYDIR,
                        OPEN_PERMISSION_OF_DIRECTORY,
                        AT_CURRENT_DIRECTORY,
                        directory.toString());
        assertThat(marked).as("fanotify_mark of " + directory).isZero();
        return new OpenGate(events);
    }

    /** The process that waits, once there is one. */
    long awaitVisitor() {
        try (Memory event = new Memory(EVENT_BYTES)) {
            await("somebody opens the directory")
                    .atMost(Duration.ofSeconds(20))
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> read(events, event, EVENT_BYTES) == EVENT_BYTES);
            close(event.getInt(EVENT_DESCRIPTOR));
            return event.getInt(EVENT_PID);
        }
    }

    @Override
    public void close() {
        close(events);
    }
}
