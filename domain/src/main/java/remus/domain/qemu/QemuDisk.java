package remus.domain.qemu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import remus.domain.Disk;
import remus.domain.DiskSelection;

/**
 * A medium in one of the guest's drives, as {@code query-block} tells.
 *
 * @param name for people, unique: the drive's id, or the last word of its device's path
 * @param backend id of its {@code -drive}, given or made up by QEMU; empty for a {@code -blockdev}
 * @param node node-name of the root, which the device reads and writes; a mirror of ours on top of
 *     it does not count
 * @param qdev the device's path in QEMU's object tree; empty if no device uses it
 * @param format the root's driver: {@code raw}, {@code qcow2}, {@code throttle}
 * @param file what the innermost node opens; an absolute path, or whatever names a thing that is no
 *     file
 * @param fileBytes length of that file; 0 if it is none that can be opened here
 * @param bytes what the guest sees
 * @param writable whether the guest may write to it
 * @param encrypted whether what the guest sees is encrypted in the file
 */
public record QemuDisk(
        String name,
        String backend,
        String node,
        String qdev,
        String format,
        String file,
        long fileBytes,
        long bytes,
        boolean writable,
        boolean encrypted) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Beyond the depth of any chain of nodes; what nests deeper is none. */
    private static final int MAX_DEPTH = 32;

    /**
     * All inserted media, in QEMU's order. A drive without a medium is none.
     *
     * @param cwd QEMU's working directory, which relative paths start from
     */
    static List<QemuDisk> list(Monitor monitor, Path cwd) {
        List<QemuDisk> disks = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (JsonNode drive : monitor.execute("query-block")) {
            JsonNode inserted = drive.path("inserted");
            if (inserted.isMissingNode()) {
                continue;
            }
            String backend = drive.path("device").asText();
            String qdev = drive.path("qdev").asText();
            String node = DiskMirrors.below(monitor, inserted.path("node-name").asText());
            String name = backend.isEmpty() ? lastWord(qdev, node) : backend;
            if (!names.add(name)) {
                name = name + "." + disks.size();
                names.add(name);
            }
            JsonNode image = inserted.path("image");
            String file = file(image.path("filename").asText(), cwd);
            disks.add(
                    new QemuDisk(
                            name,
                            backend,
                            node,
                            qdev,
                            inserted.path("drv").asText(),
                            file,
                            length(file),
                            image.path("virtual-size").asLong(),
                            !inserted.path("ro").asBoolean(),
                            inserted.path("encrypted").asBoolean()));
        }
        return disks;
    }

    /**
     * Whether this is the firmware's flash. Its content is a block of the guest's memory, which is
     * replicated; QEMU itself writes it to the file once the standby runs. Only the device tells it
     * from a disk: what its node or drive is called is its owner's choice.
     */
    boolean isFlash() {
        return qdev.startsWith("/machine/system.flash");
    }

    /** Whether the backup gets an image of it. One that cannot be written is sent once. */
    boolean isReplicated(DiskSelection selection) {
        return writable
                ? isWrittenTo() && !isLeftOut(selection)
                : selection.copyMedia() && !isFlash();
    }

    /** Whether it would be replicated if its operator had not decided otherwise. */
    boolean isLeftOut(DiskSelection selection) {
        return isWrittenTo() && selection.leavesOut(name);
    }

    private boolean isWrittenTo() {
        return writable && !isFlash();
    }

    /** What the backup has to know of it. */
    public Disk disk() {
        return new Disk(name, bytes);
    }

    private static String lastWord(String qdev, String node) {
        String path = qdev.replace("/virtio-backend", "");
        String word = path.substring(path.lastIndexOf('/') + 1).replaceAll("[^A-Za-z0-9._-]", "");
        return word.isEmpty() ? node.replaceAll("[^A-Za-z0-9._-]", "") : word;
    }

    /** The file behind what QEMU calls a filename: a path, or {@code json:} and a tree of nodes. */
    static String file(String filename, Path cwd) {
        String name = filename;
        if (name.startsWith("json:")) {
            try {
                JsonNode node = JSON.readTree(name.substring("json:".length()));
                for (int depth = 0; depth < MAX_DEPTH && node.path("file").isObject(); depth++) {
                    node = node.path("file");
                }
                if (!node.path("filename").isTextual()) {
                    return filename;
                }
                name = node.path("filename").asText();
            } catch (JsonProcessingException e) {
                return filename; // not ours to understand; it is compared as it is
            }
        }
        if (name.startsWith("file:")) {
            name = name.substring("file:".length());
        }
        boolean elsewhere = name.matches("[a-z0-9+.-]+:.*");
        return elsewhere || name.isEmpty() ? name : cwd.resolve(name).normalize().toString();
    }

    /** Also of a block device, which has no file size. */
    static long length(String file) {
        if (!file.startsWith("/") || Files.isDirectory(Path.of(file))) {
            return 0;
        }
        try (FileChannel channel = FileChannel.open(Path.of(file))) {
            return channel.size();
        } catch (IOException e) {
            return 0; // deleted, or of another mount namespace: cannot be compared
        }
    }
}
