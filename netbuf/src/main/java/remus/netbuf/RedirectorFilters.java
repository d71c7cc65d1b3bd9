package remus.netbuf;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import remus.domain.DomainException;
import remus.domain.qemu.Monitor;

/**
 * The two {@code filter-redirector}s of one netdev and their chardevs, in a running QEMU.
 *
 * <pre>
 *   NIC --what the guest sends--> [collector]   [injector] --> netdev      queue=rx, seen from there
 *                                      |             ^
 *                                  collected      injected
 * </pre>
 *
 * <p>What a netdev receives walks its filters from the last to the first (QEMU, net/net.c), and
 * what is injected goes on after the injector. So the injector is added first: otherwise its
 * packets would be collected again.
 */
final class RedirectorFilters {
    private final Monitor monitor;
    private final String netdev;
    private final String collector;
    private final String injector;
    private final Deque<Runnable> undo = new ArrayDeque<>();

    RedirectorFilters(Monitor monitor, String netdev) {
        this.monitor = monitor;
        this.netdev = netdev;
        // ids made by QEMU itself begin with '#', which object-add refuses
        String name = "remus-" + netdev.replaceAll("[^A-Za-z0-9._-]", "_");
        collector = name + "-collector";
        injector = name + "-injector";
    }

    String collector() {
        return collector;
    }

    String injector() {
        return injector;
    }

    /** Adds the chardevs that are missing; they connect, and connect again, by themselves. */
    void addChardevs(Path collectorSocket, Path injectorSocket) {
        addChardev(injector, injectorSocket);
        addChardev(collector, collectorSocket);
    }

    private void addChardev(String label, Path socket) {
        if (hasChardev(label)) {
            return;
        }
        Map<String, ?> address = Map.of("type", "unix", "data", Map.of("path", socket.toString()));
        Map<String, ?> data = Map.of("addr", address, "server", false, "reconnect", 1);
        monitor.execute(
                "chardev-add",
                Map.of("id", label, "backend", Map.of("type", "socket", "data", data)));
        undo.push(() -> removeChardev(label));
    }

    /**
     * Adds the filters to the netdev, or repairs those that an earlier life of this agent left: an
     * injector does not listen any more once its chardev was disconnected, so it is made anew. The
     * collector stays: without it uncommitted output would leave.
     *
     * @throws DomainException {@code netbuf-refused} if QEMU refuses a filter on this netdev
     */
    void addFilters() {
        boolean holding = hasObject(collector);
        if (hasObject(injector)) {
            monitor.execute("object-del", Map.of("id", injector));
        }
        addFilter(injector, "indev", holding);
        if (!holding) {
            undo.push(() -> removeObject(injector));
            addFilter(collector, "outdev", false);
            undo.push(() -> removeObject(collector));
        }
    }

    private void addFilter(String id, String chardevProperty, boolean beforeCollector) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("qom-type", "filter-redirector");
        arguments.put("id", id);
        arguments.put("netdev", netdev);
        arguments.put("queue", "rx");
        arguments.put(chardevProperty, id);
        if (beforeCollector) {
            arguments.put("position", "id=" + collector);
            arguments.put("insert", "before");
        }
        try {
            monitor.execute("object-add", arguments);
        } catch (DomainException e) {
            throw new DomainException(
                    "netbuf-refused",
                    "QEMU takes no filter on netdev " + netdev + ": " + e.getMessage(),
                    "vhost and several queues exclude filters: use the kernel's plug on the tap,"
                            + " or start the VM with vhost=off and one queue",
                    e);
        }
    }

    /** Takes back what this object added, last first. */
    void undo() {
        while (!undo.isEmpty()) {
            undo.pop().run();
        }
    }

    /**
     * The guest's packets take their own way again; the collected stream ends after the last one.
     */
    void removeCollector() {
        removeObject(collector);
        removeChardev(collector);
    }

    /** Whether QEMU has read the injected stream to its end. */
    boolean injectorDrained() {
        for (JsonNode chardev : monitor.execute("query-chardev")) {
            if (chardev.path("label").asText().equals(injector)) {
                return chardev.path("filename").asText().startsWith("disconnected:");
            }
        }
        return true;
    }

    void removeInjector() {
        removeObject(injector);
        removeChardev(injector);
        undo.clear();
    }

    private void removeObject(String id) {
        if (hasObject(id)) {
            monitor.execute("object-del", Map.of("id", id));
        }
    }

    private void removeChardev(String label) {
        if (hasChardev(label)) {
            monitor.execute("chardev-remove", Map.of("id", label));
        }
    }

    private boolean hasObject(String id) {
        return contains(monitor.execute("qom-list", Map.of("path", "/objects")), "name", id);
    }

    private boolean hasChardev(String label) {
        return contains(monitor.execute("query-chardev"), "label", label);
    }

    private static boolean contains(JsonNode list, String key, String value) {
        for (JsonNode entry : list) {
            if (entry.path(key).asText().equals(value)) {
                return true;
            }
        }
        return false;
    }
}
