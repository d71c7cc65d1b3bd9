package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import remus.domain.DomainException;
import remus.domain.qemu.QemuStandbySpec.BootFile;

/** Gathers what a standby of a running QEMU must be made of. */
final class StandbySpecs {
    private static final int PIECE_BYTES = 1 << 20;

    private StandbySpecs() {}

    static QemuStandbySpec gather(
            QemuProcess process,
            Monitor monitor,
            QemuMemoryMap memory,
            List<DeviceSection> sections) {
        JsonNode version = monitor.execute("query-version").path("qemu");
        return new QemuStandbySpec(
                process.argv(),
                process.cwd().toString(),
                version.path("major").asInt()
                        + "."
                        + version.path("minor").asInt()
                        + "."
                        + version.path("micro").asInt(),
                withoutSuffix(property(monitor, "/machine", "type"), "-machine"),
                cpuModel(monitor),
                memory.blocks(),
                sections,
                PluggedDevices.list(monitor),
                files(process),
                QemuDisk.list(monitor, process.cwd()));
    }

    private static String property(Monitor monitor, String path, String property) {
        return monitor.execute("qom-get", Map.of("path", path, "property", property)).asText();
    }

    private static String withoutSuffix(String text, String suffix) {
        return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
    }

    private static String cpuModel(Monitor monitor) {
        String path = monitor.execute("query-cpus-fast").path(0).path("qom-path").asText();
        return property(monitor, path, "type");
    }

    private static List<BootFile> files(QemuProcess process) {
        CommandLine line = CommandLine.parse(process.argv());
        List<BootFile> files = new ArrayList<>();
        for (String role : List.of("kernel", "initrd", "dtb", "bios")) {
            line.last(role)
                    .ifPresent(
                            path ->
                                    files.add(
                                            file(role.replace("bios", "firmware"), process, path)));
        }
        line.all("drive")
                .map(option -> option.properties())
                .filter(drive -> drive.getOrDefault("if", "").equals("pflash"))
                .filter(drive -> Switches.isOn(drive, "readonly") && drive.containsKey("file"))
                .forEach(drive -> files.add(file("firmware", process, drive.get("file"))));
        line.all("blockdev")
                .map(option -> option.properties())
                .filter(node -> node.getOrDefault("node-name", "").startsWith("libvirt-pflash0-st"))
                .filter(node -> node.containsKey("filename"))
                .forEach(node -> files.add(file("firmware", process, node.get("filename"))));
        return files;
    }

    private static BootFile file(String role, QemuProcess process, String name) {
        Path path = process.cwd().resolve(name).normalize();
        if (!Files.exists(path) && !name.contains("/")) {
            path = Path.of("/usr/share/qemu", name); // where QEMU looks for its own firmware
        }
        try (InputStream in = Files.newInputStream(path)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] piece = new byte[PIECE_BYTES];
            for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
                digest.update(piece, 0, count);
            }
            return new BootFile(role, path.toString(), HexFormat.of().formatHex(digest.digest()));
        } catch (IOException e) {
            throw new DomainException(
                    "boot-file-unreadable",
                    role + " " + path + " cannot be read: " + e,
                    "keep the files that the guest boots from where its command line names them",
                    e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
