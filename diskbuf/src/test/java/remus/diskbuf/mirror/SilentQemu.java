package remus.diskbuf.mirror;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import remus.domain.qemu.Monitor;

/** A QEMU that takes every command, and says what the test says. */
final class SilentQemu implements Monitor {
    private final List<Consumer<JsonNode>> listeners = new ArrayList<>();

    void event(String name, String job, String error) {
        event(name, job, "mirror", error);
    }

    void event(String name, String job, String type, String error) {
        ObjectNode event = JsonNodeFactory.instance.objectNode();
        ObjectNode data = event.put("event", name).putObject("data");
        data.put("device", job).put("type", type).put("error", error);
        List.copyOf(listeners).forEach(listener -> listener.accept(event));
    }

    @Override
    public JsonNode execute(String command, Map<String, ?> arguments) {
        return JsonNodeFactory.instance.arrayNode();
    }

    @Override
    public void onEvent(Consumer<JsonNode> listener) {
        listeners.add(listener);
    }

    @Override
    public void removeEventListener(Consumer<JsonNode> listener) {
        listeners.remove(listener);
    }

    @Override
    public void onClosed(Consumer<String> listener) {}

    @Override
    public void close() {}
}
