package remus.domain.qemu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;

/** The JSON form of an option's value, which libvirt prefers, as dotted properties. */
final class JsonProperties {
    private static final ObjectMapper JSON = new ObjectMapper();

    private JsonProperties() {}

    static void flatten(String json, Map<String, String> into) {
        try {
            flatten("", JSON.readTree(json), into);
        } catch (JsonProcessingException e) {
            into.put("", json); // QEMU would not have started with it: some other option's text
        }
    }

    private static void flatten(String name, JsonNode node, Map<String, String> into) {
        if (node.isValueNode()) {
            String text = node.asText();
            into.put(name, node.isBoolean() ? (node.asBoolean() ? "on" : "off") : text);
            return;
        }
        if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                flatten(name + "." + i, node.get(i), into);
            }
            return;
        }
        node.properties()
                .forEach(
                        e ->
                                flatten(
                                        name.isEmpty() ? e.getKey() : name + "." + e.getKey(),
                                        e.getValue(),
                                        into));
    }
}
