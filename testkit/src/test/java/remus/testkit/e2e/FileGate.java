package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Keeps whoever opens a directory, or reads a file, waiting in the kernel (fanotify(7)), so that a
 * test can end it there: an agent opens the directory of its records just after a record is in
 * place, to make it last, and reads a journal to carry an epoch into an image. What is held waits
 * until this is closed; the test itself must do neither.
 */
final class FileGate implements AutoCloseable {
    private static final int CLASS_CONTENT_NONBLOCK_CLOEXEC = 0x4 | 0x2 | 0x1;
    private static final int MARK_ADD = 0x1;
    private static final int MARK_ADD_ONLYDIR = MARK_ADD | 0x8;
    private static final long OPEN_PERMISSION_OF_DIRECTORY = 0x10000L | 0x40000000L;
    private static final int MARK_REMOVE = 0x2;
    private static final int IGNORE = 0x20 | 0x40; // what is modified meanwhile too
    private static final long ACCESS_PERMISSION_OF_FILES = 0x20000L | 0x08000000L;
    private static final int AT_CURRENT_DIRECTORY = -100;
    private static final int EVENT_BYTES = 24;
    private static final int EVENT_DESCRIPTOR = 16;
    private static final int EVENT_PID = 20;
    private static final int RESPONSE_BYTES = 8;
    private static final int RESPONSE = 4;
    private static final int ALLOW = 1;

    static {
        Native.register(FileGate.class, "c");
    }

    private final int events;
    private boolean closed;

    private FileGate() {
        events = fanotify_init(CLASS_CONTENT_NONBLOCK_CLOEXEC, 0);
        assertThat(events).as("fanotify_init").isNotNegative();
    }

    private static native int fanotify_init(int flags, int eventFlags);

    private static native int fanotify_mark(
            int descriptor, int flags, long mask, int directory, String path);

    private static native long read(int descriptor, Pointer buffer, long bytes);

    private static native long write(int descriptor, Pointer buffer, long bytes);

    private static native int close(int descriptor);

    /** Whoever opens a directory is held. */
    static FileGate atOpening(Path directory) {
        FileGate gate = new FileGate();
        gate.mark(MARK_ADD_ONLYDIR, OPEN_PERMISSION_OF_DIRECTORY, directory);
        return gate;
    }

    /**
     * For the files of a directory that are opened from now on; nobody is held before {@link
     * #holdReaders}. The kernel (since Linux 6.14) asks nobody about a file that was opened while
     * nobody cared.
     */
    static FileGate atReadingIn(Path directory) {
        FileGate gate = new FileGate();
        gate.mark(MARK_ADD, ACCESS_PERMISSION_OF_FILES, directory);
        gate.mark(MARK_ADD | IGNORE, ACCESS_PERMISSION_OF_FILES, directory);
        return gate;
    }

    /** Whoever reads a file of this directory is held from now on. */
    void holdReaders(Path directory) {
        mark(MARK_REMOVE | IGNORE, ACCESS_PERMISSION_OF_FILES, directory);
    }

    private void mark(int flags, long mask, Path path) {
        int marked = fanotify_mark(events, flags, mask, AT_CURRENT_DIRECTORY, path.toString());
        assertThat(marked).as("fanotify_mark of " + path).isZero();
    }

    /** The process that waits, once there is one. */
    long awaitVisitor() {
        return awaitVisitor(0);
    }

    /**
     * @param passes how many may go on first
     */
    long awaitVisitor(int passes) {
        int[] left = {passes};
        try (Memory event = new Memory(EVENT_BYTES)) {
            await("somebody comes to the gate")
                    .atMost(Duration.ofSeconds(20))
                    .pollInterval(Duration.ofMillis(5))
                    .until(
                            () -> {
                                boolean held = false;
                                while (!held && read(events, event, EVENT_BYTES) == EVENT_BYTES) {
                                    held = left[0]-- == 0;
                                    if (!held) {
                                        allow(event.getInt(EVENT_DESCRIPTOR));
                                    }
                                    close(event.getInt(EVENT_DESCRIPTOR));
                                }
                                return held;
                            });
            return event.getInt(EVENT_PID);
        }
    }

    private void allow(int visited) {
        try (Memory response = new Memory(RESPONSE_BYTES)) {
            response.setInt(0, visited);
            response.setInt(RESPONSE, ALLOW);
            assertThat(write(events, response, RESPONSE_BYTES)).isEqualTo(RESPONSE_BYTES);
        }
    }

    /** Lets everybody go on. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            close(events);
        }
    }
}
