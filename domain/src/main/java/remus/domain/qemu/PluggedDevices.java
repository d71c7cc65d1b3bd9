package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import remus.domain.DomainException;

/**
 * The devices that a QEMU was given, by its command line or by hot plug: it keeps them apart from
 * those of the machine itself, under two nodes of its object tree. A standby is made from the
 * command line alone, so it lacks what was plugged in since, and has what was taken out.
 */
final class PluggedDevices {
    private static final String CHILD = "child<";

    private PluggedDevices() {}

    /** Type, and name if it was given one; sorted. */
    static List<String> list(Monitor monitor) {
        List<String> devices = new ArrayList<>();
        for (JsonNode child : children(monitor, "/machine/peripheral")) {
            devices.add(type(child) + " " + child.path("name").asText());
        }
        for (JsonNode child : children(monitor, "/machine/peripheral-anon")) {
            devices.add(type(child));
        }
        devices.sort(null);
        return devices;
    }

    private static List<JsonNode> children(Monitor monitor, String path) {
        List<JsonNode> children = new ArrayList<>();
        for (JsonNode entry : monitor.execute("qom-list", Map.of("path", path))) {
            if (entry.path("type").asText().startsWith(CHILD)) {
                children.add(entry);
            }
        }
        return children;
    }

    private static String type(JsonNode child) {
        String type = child.path("type").asText();
        return type.substring(CHILD.length(), type.length() - 1);
    }

    /**
     * Compares what the primary has with what its command line makes here.
     *
     * @throws DomainException {@code devices-differ}
     */
    static void requireSame(List<String> primary, List<String> here) {
        if (primary.equals(here)) {
            return;
        }
        throw new DomainException(
                "devices-differ",
                "the guest's devices are not those of its command line: plugged in since "
                        + without(primary, here)
                        + ", taken out "
                        + without(here, primary),
                "undo that (device_del, device_add), or start the VM with the devices that it is to"
                        + " have");
    }

    private static List<String> without(List<String> all, List<String> some) {
        List<String> rest = new ArrayList<>(all);
        some.forEach(rest::remove);
        return rest;
    }
}
