package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import remus.domain.DomainEvent;
import remus.domain.DomainEvent.Kind;

/**
 * Turns QEMU's events into those of the seam. Runs on the monitor's reader thread; listeners are
 * called on a thread of their own, as they may well execute commands.
 */
final class QemuEvents implements AutoCloseable {
    private final GuestPause pause;
    private final ExecutorService thread;
    private volatile Consumer<DomainEvent> listener = event -> {};
    private volatile boolean shutDown;
    private volatile boolean closed;

    QemuEvents(String name, GuestPause pause) {
        this.pause = pause;
        thread =
                Executors.newSingleThreadExecutor(
                        task -> {
                            Thread made = new Thread(task, "events-" + name);
                            made.setDaemon(true);
                            return made;
                        });
    }

    void listener(Consumer<DomainEvent> newListener) {
        listener = newListener;
    }

    void accept(JsonNode event) {
        JsonNode data = event.path("data");
        switch (event.path("event").asText()) {
            case "STOP" -> {
                if (pause.stopEvent() && !shutDown) {
                    tell(Kind.STOPPED, "stopped by its owner or by an I/O error");
                }
            }
            case "RESUME" -> {
                if (pause.resumeEvent()) {
                    tell(Kind.RESUMED, "runs again");
                }
            }
            case "SHUTDOWN" -> {
                shutDown = true;
                tell(Kind.SHUTDOWN, reason(data));
            }
            case "RESET" -> {
                shutDown = false;
                tell(Kind.RESET, reason(data));
            }
            case "GUEST_PANICKED" -> tell(Kind.PANICKED, data.path("action").asText());
            default -> {
                // devices, jobs, the display: not the domain's lifecycle
            }
        }
    }

    private static String reason(JsonNode data) {
        return data.path("reason").asText("unknown")
                + (data.path("guest").asBoolean() ? " by the guest" : " by its owner");
    }

    /** The monitor's connection ended. */
    void monitorClosed(String why) {
        if (!shutDown && !closed) {
            tell(Kind.LOST, why);
        }
    }

    /** Whether the guest was switched off since it was last reset. */
    boolean shutDown() {
        return shutDown;
    }

    private void tell(Kind kind, String detail) {
        if (!thread.isShutdown()) {
            thread.execute(() -> listener.accept(new DomainEvent(kind, detail)));
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.shutdown();
    }
}
