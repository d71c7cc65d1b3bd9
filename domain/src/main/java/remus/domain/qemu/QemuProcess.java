package remus.domain.qemu;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import remus.domain.linux.ProcessFiles;

/**
 * A QEMU process as /proc shows it.
 *
 * @param monitors the QMP unix sockets of its command line, absolute
 */
record QemuProcess(
        long pid, long startTicks, String name, List<String> argv, Path cwd, List<Path> monitors) {

    /** Empty if the process is none of QEMU's system emulators, or is gone. */
    static Optional<QemuProcess> read(long pid) {
        try {
            List<String> argv = ProcessFiles.arguments(pid);
            if (!isQemu(argv)) {
                return Optional.empty();
            }
            Path cwd = ProcessFiles.workingDirectory(pid);
            CommandLine line = CommandLine.parse(argv);
            return Optional.of(
                    new QemuProcess(
                            pid,
                            ProcessFiles.startTicks(pid),
                            nameOf(line),
                            argv,
                            cwd,
                            monitors(line, cwd)));
        } catch (IOException | NumberFormatException e) {
            return Optional.empty(); // gone since it was listed, or not ours to look at
        }
    }

    private static boolean isQemu(List<String> argv) {
        if (argv.isEmpty()) {
            return false;
        }
        String program = argv.get(0).substring(argv.get(0).lastIndexOf('/') + 1);
        return program.startsWith("qemu-system-")
                || program.equals("qemu-kvm")
                || program.equals("kvm");
    }

    static String nameOf(CommandLine line) {
        return line.all("name").map(o -> o.first("guest")).reduce((a, b) -> b).orElse("");
    }

    static List<Path> monitors(CommandLine line, Path cwd) {
        Set<Path> paths = new LinkedHashSet<>();
        line.all("qmp", "qmp-pretty")
                .map(option -> option.first("path"))
                .filter(value -> value.startsWith("unix:"))
                .forEach(value -> paths.add(cwd.resolve(value.substring("unix:".length()))));
        line.all("mon")
                .map(option -> option.properties())
                .filter(mon -> mon.getOrDefault("mode", "").equals("control"))
                .map(mon -> mon.getOrDefault("chardev", mon.getOrDefault("", "")))
                .forEach(id -> chardevPath(line, id).ifPresent(p -> paths.add(cwd.resolve(p))));
        return List.copyOf(paths);
    }

    private static Optional<String> chardevPath(CommandLine line, String id) {
        return line.all("chardev")
                .map(CommandLine.Option::properties)
                .filter(chardev -> chardev.getOrDefault("id", "").equals(id))
                .map(Map::copyOf)
                .filter(chardev -> chardev.getOrDefault("", "socket").equals("socket"))
                .filter(chardev -> chardev.containsKey("path"))
                .map(chardev -> chardev.get("path"))
                .findFirst();
    }

    /** What QEMU does when its guest switches itself off, as the command line has it. */
    String shutdownAction() {
        CommandLine line = CommandLine.parse(argv);
        String action = line.has("no-shutdown") ? "pause" : "poweroff";
        return line.all("action")
                .map(option -> option.properties().getOrDefault("shutdown", action))
                .reduce(action, (a, b) -> b);
    }

    /** Whether it was started to receive a state: a standby until it runs. */
    boolean awaitsState() {
        return argv.contains("-incoming") || argv.contains("--incoming");
    }
}
