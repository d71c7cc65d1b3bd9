package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import remus.domain.DomainException;

/**
 * What our disk mirrors leave in a QEMU: a block job, and a node for its target, both of the same
 * name. The names begin with {@link #PREFIX}, so that a later life of this agent knows them.
 */
public final class DiskMirrors {
    /** No job and no node of anybody else is called so. */
    public static final String PREFIX = "remus-mirror-";

    private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private DiskMirrors() {}

    /**
     * Ends the mirrors of these names and removes their targets; the block graph is then as it was
     * found. Does nothing to those that are gone.
     *
     * <p>The target's connection is cut first. Otherwise QEMU would wait in its main loop, deaf and
     * with the guest stopped, for answers to writes under way, if the server is silent.
     *
     * @throws DomainException {@code mirror-does-not-end}
     */
    public static void remove(Monitor monitor, Predicate<String> names) {
        List<String> targets = targets(monitor, names);
        for (String target : targets) {
            Map<String, ?> instance = Map.of("type", "block-node", "node-name", target);
            monitor.execute("yank", Map.of("instances", List.of(instance)));
        }
        long start = System.nanoTime();
        Set<String> cancelled = new HashSet<>();
        List<String> running = jobs(monitor, names);
        while (!running.isEmpty()) {
            for (String job : running) {
                if (cancelled.add(job)) {
                    cancel(monitor, job);
                }
            }
            if (System.nanoTime() - start > TIMEOUT_NANOS) {
                throw new DomainException(
                        "mirror-does-not-end",
                        "block job " + running.get(0) + " was cancelled and still runs",
                        "look at query-block-jobs in the VM's monitor");
            }
            LockSupport.parkNanos(POLL_NANOS);
            running = jobs(monitor, names);
        }
        targets.forEach(node -> monitor.execute("blockdev-del", Map.of("node-name", node)));
    }

    /** The node that a filter of ours was put on top of; any other node is itself. */
    static String below(Monitor monitor, String node) {
        if (!node.startsWith(PREFIX)) {
            return node;
        }
        JsonNode graph = monitor.execute("x-debug-query-block-graph");
        Map<Long, String> names = new HashMap<>();
        graph.path("nodes").forEach(n -> names.put(n.path("id").asLong(), n.path("name").asText()));
        for (JsonNode edge : graph.path("edges")) {
            String child = names.get(edge.path("child").asLong());
            if (child != null && node.equals(names.get(edge.path("parent").asLong()))) {
                return child; // a filter has no other
            }
        }
        return node;
    }

    /** Jobs that are not ours. */
    static List<JsonNode> foreignJobs(Monitor monitor) {
        List<JsonNode> jobs = new ArrayList<>();
        for (JsonNode job : monitor.execute("query-block-jobs")) {
            if (!job.path("device").asText().startsWith(PREFIX)) {
                jobs.add(job);
            }
        }
        return jobs;
    }

    /** A job may end by itself, as its target is gone, before this comes. */
    private static void cancel(Monitor monitor, String job) {
        try {
            monitor.execute("block-job-cancel", Map.of("device", job, "force", true));
        } catch (DomainException e) {
            if (!e.code().equals("qmp-error") || jobs(monitor, job::equals).contains(job)) {
                throw e;
            }
        }
    }

    private static List<String> jobs(Monitor monitor, Predicate<String> names) {
        return matching(monitor.execute("query-block-jobs"), "device", names);
    }

    private static List<String> targets(Monitor monitor, Predicate<String> names) {
        JsonNode nodes = monitor.execute("query-named-block-nodes", Map.of("flat", true));
        List<JsonNode> remote = new ArrayList<>();
        nodes.forEach(
                node -> {
                    if (node.path("drv").asText().equals("nbd")) {
                        remote.add(node);
                    }
                });
        return matching(remote, "node-name", names);
    }

    private static List<String> matching(
            Iterable<JsonNode> list, String key, Predicate<String> names) {
        List<String> found = new ArrayList<>();
        for (JsonNode entry : list) {
            String name = entry.path(key).asText();
            if (name.startsWith(PREFIX) && names.test(name)) {
                found.add(name);
            }
        }
        return found;
    }
}
