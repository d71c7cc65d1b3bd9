package remus.domain.qemu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;

/**
 * The argument of a QEMU option that describes something: {@code type,key=value,...} where a comma
 * in a value is doubled, or the same as a JSON object, which libvirt prefers.
 *
 * <p>A first word without {@code =} has the key {@link #IMPLIED}; later ones are kept as they are
 * (QEMU reads them as switched on).
 */
final class OptionProperties {
    /** Key of a leading bare word: {@code type}, {@code driver}, {@code qom-type}, {@code id}. */
    static final String IMPLIED = "";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Properties of block nodes whose JSON form is a boolean. */
    private static final Set<String> SWITCHES =
            Set.of("direct", "no-flush", "read-only", "auto-read-only");

    private static final Set<String> ON_OFF = Set.of("on", "off");

    /** Values as QEMU would see them; null for a bare word that is its own key. */
    private final Map<String, @Nullable String> values;

    /** The nested original if the argument was JSON. */
    private final @Nullable ObjectNode json;

    private OptionProperties(Map<String, @Nullable String> values, @Nullable ObjectNode json) {
        this.values = values;
        this.json = json;
    }

    static OptionProperties parse(String argument) {
        Map<String, @Nullable String> values = new LinkedHashMap<>();
        if (argument.startsWith("{")) {
            ObjectNode node = object(argument);
            node.properties().forEach(e -> values.put(e.getKey(), text(e.getValue())));
            return new OptionProperties(values, node);
        }
        for (String part : split(argument)) {
            int equals = part.indexOf('=');
            if (equals >= 0) {
                values.put(part.substring(0, equals), part.substring(equals + 1));
            } else if (values.isEmpty()) {
                values.put(IMPLIED, part);
            } else {
                values.put(part, null);
            }
        }
        return new OptionProperties(values, null);
    }

    /** What is described: the leading bare word, or the value of {@code key}. */
    String kind(String key) {
        String explicit = get(key);
        String implied = get(IMPLIED);
        return explicit != null ? explicit : implied != null ? implied : "";
    }

    @Nullable String get(String key) {
        return values.get(key);
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    /** The keys of the first level, in order. */
    List<String> keys() {
        return List.copyOf(values.keySet());
    }

    /** Every value, also nested ones, but its own name: what it may refer to is among them. */
    List<String> references() {
        List<String> texts = new ArrayList<>();
        collect(tree(), texts);
        return texts;
    }

    private static void collect(JsonNode node, List<String> texts) {
        node.properties()
                .forEach(
                        field -> {
                            if (!field.getKey().equals("node-name")) {
                                collect(field.getValue(), texts);
                            }
                        });
        if (node.isArray()) {
            node.forEach(element -> collect(element, texts));
        } else if (node.isValueNode()) {
            texts.add(node.asText());
        }
    }

    /** The JSON form: dots separate levels, and what is a switch becomes a boolean. */
    ObjectNode tree() {
        if (json != null) {
            return json.deepCopy();
        }
        ObjectNode root = JSON.createObjectNode();
        values.forEach(
                (key, value) -> {
                    String[] path = (key.isEmpty() ? "driver" : key).split("\\.", -1);
                    ObjectNode node = root;
                    for (int i = 0; i + 1 < path.length; i++) {
                        JsonNode below = node.path(path[i]);
                        node = below instanceof ObjectNode o ? o : node.putObject(path[i]);
                    }
                    String last = path[path.length - 1];
                    if (value != null && SWITCHES.contains(last) && ON_OFF.contains(value)) {
                        node.put(last, value.equals("on"));
                    } else {
                        node.put(last, value);
                    }
                });
        return root;
    }

    void set(String key, String value) {
        values.put(key, value);
        if (json != null) {
            json.put(key, value);
        }
    }

    void remove(String key) {
        values.remove(key);
        if (json != null) {
            json.remove(key);
        }
    }

    /** Takes over everything that {@code other} says; it wins where both say something. */
    void merge(OptionProperties other) {
        values.putAll(other.values);
    }

    /** Replaces every value, also nested ones. */
    void replaceValues(UnaryOperator<String> replacement) {
        values.replaceAll((key, value) -> value == null ? null : replacement.apply(value));
        if (json != null) {
            replaceText(json, replacement);
        }
    }

    private static void replaceText(JsonNode node, UnaryOperator<String> replacement) {
        if (node instanceof ObjectNode object) {
            for (Map.Entry<String, JsonNode> field : object.properties()) {
                if (field.getValue().isTextual()) {
                    object.put(field.getKey(), replacement.apply(field.getValue().asText()));
                }
            }
        }
        node.forEach(child -> replaceText(child, replacement));
    }

    /** The argument again. */
    @Override
    public String toString() {
        if (json != null) {
            return json.toString();
        }
        List<String> parts = new ArrayList<>();
        values.forEach(
                (key, value) -> {
                    if (value == null) {
                        parts.add(key);
                    } else {
                        String quoted = value.replace(",", ",,");
                        parts.add(key.equals(IMPLIED) ? quoted : key + "=" + quoted);
                    }
                });
        return String.join(",", parts);
    }

    private static String text(JsonNode value) {
        return value.isValueNode() ? value.asText() : value.toString();
    }

    private static ObjectNode object(String argument) {
        try {
            if (JSON.readTree(argument) instanceof ObjectNode node) {
                return node;
            }
        } catch (JsonProcessingException e) {
            throw new DomainException(
                    "bad-command-line",
                    "the domain's command line has an argument that is no JSON: " + argument,
                    "start the domain with arguments that QEMU can read",
                    e);
        }
        throw new DomainException(
                "bad-command-line",
                "the domain's command line has an argument that is no JSON object: " + argument,
                "start the domain with arguments that QEMU can read");
    }

    /** Parts between single commas, doubled ones undone. */
    private static List<String> split(String argument) {
        List<String> parts = new ArrayList<>();
        StringBuilder part = new StringBuilder();
        for (int i = 0; i < argument.length(); i++) {
            char c = argument.charAt(i);
            if (c != ',') {
                part.append(c);
            } else if (i + 1 < argument.length() && argument.charAt(i + 1) == ',') {
                part.append(',');
                i++;
            } else {
                parts.add(part.toString());
                part.setLength(0);
            }
        }
        if (!part.isEmpty()) {
            parts.add(part.toString());
        }
        return parts;
    }
}
