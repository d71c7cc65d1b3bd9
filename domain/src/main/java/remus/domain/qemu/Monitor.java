package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A QEMU monitor, spoken to in QMP. Commands may come from several threads and are answered in
 * order; events are delivered on the monitor's reader thread, in the order QEMU sent them relative
 * to replies.
 */
public interface Monitor extends AutoCloseable {

    /**
     * Executes a command and waits for its answer.
     *
     * @return the {@code return} member
     * @throws remus.domain.DomainException {@code qmp-error} with QEMU's own words, {@code
     *     qmp-timeout} if no answer came within the monitor's time limit, {@code qmp-closed} if
     *     QEMU is gone
     */
    JsonNode execute(String command, Map<String, ?> arguments);

    /** Executes a command without arguments. */
    default JsonNode execute(String command) {
        return execute(command, Map.of());
    }

    /** Executes a command of the human monitor and returns what it prints. */
    default String human(String commandLine) {
        return execute("human-monitor-command", Map.of("command-line", commandLine)).asText();
    }

    /** Adds a listener for QMP events: the whole event object. Must not execute commands itself. */
    void onEvent(Consumer<JsonNode> listener);

    /** Takes a listener for events away again. */
    void removeEventListener(Consumer<JsonNode> listener);

    /**
     * Called once, from the reader thread, when the monitor's connection ends for whatever reason.
     */
    void onClosed(Consumer<String> listener);

    /** Closes the connection; QEMU goes on. */
    @Override
    void close();
}
