package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;

/**
 * The disk options of a primary's command line made into those of its standby: the backend of each
 * medium that has an image here becomes that raw image, under the same id or node-name, so that the
 * devices that use it need not change. Whatever formats and chains of nodes there were, the guest
 * sees the same disk.
 *
 * <p>Media without an image stay as they are. A medium that no option names cannot be made at the
 * backup, and is refused.
 */
final class StandbyDisks {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What of a {@code -drive} speaks of the drive, and not of its image's format. */
    private static final Set<String> KEPT_OF_DRIVE =
            Set.of(
                    "id",
                    "if",
                    "index",
                    "bus",
                    "unit",
                    "media",
                    "node-name",
                    "cache",
                    "aio",
                    "werror",
                    "rerror",
                    "discard",
                    "detect-zeroes",
                    "readonly",
                    "read-only");

    private static final List<String> KEPT_PREFIXES =
            List.of("cache.", "throttling.", "stats-", "bps", "iops");

    private static final List<String> KEPT_OF_NODE =
            List.of("cache", "discard", "detect-zeroes", "read-only", "auto-read-only");

    /** Short forms of {@code -drive}: what QEMU itself makes of them. */
    private static final Map<String, String> SHORT_FORMS =
            Map.of(
                    "", "index=0,media=disk",
                    "hda", "index=0,media=disk",
                    "hdb", "index=1,media=disk",
                    "hdc", "index=2,media=disk",
                    "hdd", "index=3,media=disk",
                    "cdrom", "index=2,media=cdrom",
                    "fda", "if=floppy,index=0",
                    "fdb", "if=floppy,index=1",
                    "sd", "if=sd,index=0",
                    "mtdblock", "if=mtd");

    private final List<CommandOption> options;
    private final Path cwd;

    /** By the names of the media. */
    private final Map<String, Path> images;

    /** Indices of the options that media were found in. */
    private final Set<Integer> claimed = new HashSet<>();

    private StandbyDisks(List<CommandOption> options, Path cwd, Map<String, Path> images) {
        this.options = new ArrayList<>(options);
        this.cwd = cwd;
        this.images = images;
    }

    /**
     * Rewrites the options.
     *
     * @param media all of them, as the primary had them
     * @param images for each that is replicated, by its name
     * @throws DomainException {@code disk-not-on-command-line}, {@code snapshot}
     */
    static List<CommandOption> rewrite(
            List<CommandOption> options, Path cwd, List<QemuDisk> media, Map<String, Path> images) {
        List<String> names = media.stream().map(QemuDisk::name).toList();
        if (!names.containsAll(images.keySet())) {
            throw new IllegalArgumentException(
                    "images of " + images.keySet() + " (expected: of some of " + names + ")");
        }
        StandbyDisks disks = new StandbyDisks(options, cwd, images);
        List<String> replacedNodes = new ArrayList<>();
        for (QemuDisk medium : media) {
            int at = disks.find(medium);
            Path image = images.get(medium.name());
            if (image != null) {
                disks.replace(at, image, replacedNodes);
            }
        }
        disks.dropUnused(replacedNodes);
        return disks.options;
    }

    private int find(QemuDisk medium) {
        for (int i = 0; i < options.size(); i++) {
            if (!claimed.contains(i) && isBackendOf(options.get(i), medium)) {
                claimed.add(i);
                return i;
            }
        }
        throw new DomainException(
                "disk-not-on-command-line",
                "disk "
                        + medium.name()
                        + " ("
                        + medium.file()
                        + ") is not in the VM's command line: it was plugged in later, or a"
                        + " configuration file describes it",
                "unplug or eject it, or start the VM with it (-drive or -blockdev)");
    }

    private boolean isBackendOf(CommandOption option, QemuDisk medium) {
        if (medium.backend().isEmpty()) {
            return option.is("blockdev")
                    && medium.node().equals(option.properties().get("node-name"));
        }
        if (option.is("drive")) {
            OptionProperties drive = option.properties();
            String id = drive.get("id");
            boolean sameFile = medium.file().equals(fileOf(drive));
            return id == null
                    ? sameFile
                    : id.equals(medium.backend())
                            && (sameFile || images.containsKey(medium.name()));
        }
        String file = option.argument();
        boolean shortForm = SHORT_FORMS.containsKey(option.name()) || option.is("pflash");
        return shortForm && file != null && medium.file().equals(QemuDisk.file(file, cwd));
    }

    private String fileOf(OptionProperties drive) {
        for (String key : List.of("file", "file.filename", "file.file.filename")) {
            String file = drive.get(key);
            if (file != null) {
                return QemuDisk.file(file, cwd);
            }
        }
        return "";
    }

    private void replace(int at, Path image, List<String> replacedNodes) {
        CommandOption option = options.get(at);
        OptionProperties before = option.properties();
        String made;
        if (option.is("blockdev")) {
            replacedNodes.addAll(before.references());
            made = node(before, image);
        } else if (option.is("drive")) {
            replacedNodes.addAll(before.references());
            made = drive(before, option, image);
        } else {
            OptionProperties drive =
                    OptionProperties.parse(String.valueOf(SHORT_FORMS.get(option.name())));
            drive.set("file", image.toString());
            drive.set("format", "raw");
            made = drive.toString();
        }
        options.set(at, new CommandOption(option.is("blockdev") ? "blockdev" : "drive", made));
    }

    private static String drive(OptionProperties before, CommandOption option, Path image) {
        String snapshot = String.valueOf(before.get("snapshot"));
        if (snapshot.equals("on") || snapshot.equals("yes") || snapshot.equals("true")) {
            throw new DomainException(
                    "snapshot",
                    "the guest writes to a temporary snapshot: -drive " + option.argument(),
                    "start the VM without snapshot=on");
        }
        OptionProperties drive = OptionProperties.parse("file=");
        drive.set("file", image.toString());
        drive.set("format", "raw");
        for (String key : before.keys()) {
            String value = before.get(key);
            boolean kept =
                    KEPT_OF_DRIVE.contains(key) || KEPT_PREFIXES.stream().anyMatch(key::startsWith);
            if (kept && value != null) {
                drive.set(key, value);
            }
        }
        return drive.toString();
    }

    /** What caching and asynchronous I/O the old chain of nodes used at its end is used again. */
    private String node(OptionProperties before, Path image) {
        JsonNode root = before.tree();
        ObjectNode raw = JSON.createObjectNode();
        raw.put("driver", "raw");
        raw.set("node-name", root.path("node-name"));
        KEPT_OF_NODE.stream().filter(root::has).forEach(key -> raw.set(key, root.get(key)));
        ObjectNode file = raw.putObject("file");
        file.put("driver", "file");
        file.put("filename", image.toString());
        JsonNode innermost = innermost(root);
        for (String key : List.of("aio", "cache", "discard")) {
            if (innermost.has(key)) {
                file.set(key, innermost.get(key));
            }
        }
        return raw.toString();
    }

    private JsonNode innermost(JsonNode root) {
        Map<String, JsonNode> named = new HashMap<>();
        for (CommandOption option : options) {
            if (option.is("blockdev")) {
                JsonNode node = option.properties().tree();
                named.put(node.path("node-name").asText(), node);
            }
        }
        JsonNode node = root;
        for (int depth = 0; depth <= options.size(); depth++) {
            JsonNode below = node.path("file");
            JsonNode next = below.isTextual() ? named.get(below.asText()) : below;
            if (next == null || !next.isObject()) {
                break;
            }
            node = next;
        }
        return node;
    }

    /** Nodes that only the replaced ones referred to would open files that are not here. */
    private void dropUnused(List<String> referred) {
        List<String> candidates = new ArrayList<>(referred);
        for (int i = 0; i < candidates.size(); i++) {
            CommandOption unused = unused(candidates.get(i));
            if (unused != null) {
                options.remove(unused);
                candidates.addAll(unused.properties().references());
            }
        }
    }

    private @Nullable CommandOption unused(String node) {
        CommandOption found = null;
        for (CommandOption option : options) {
            if (!option.is("blockdev", "drive", "device", "object", "machine", "M")) {
                continue;
            }
            OptionProperties properties = option.properties();
            boolean makesIt = option.is("blockdev") && node.equals(properties.get("node-name"));
            if (makesIt) {
                found = option;
            } else if (properties.references().contains(node)) {
                return null;
            }
        }
        return found;
    }
}
