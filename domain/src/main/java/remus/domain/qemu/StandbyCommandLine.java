package remus.domain.qemu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;

/**
 * The primary's command line made into that of its standby: the same machine, waiting for device
 * state, with RAM in our file and with a monitor, pid file and log of its own.
 *
 * <p>Devices and everything not named here are carried over word by word, since the device state
 * only fits a machine that is put together in the same way. Of disks see {@link StandbyDisks}.
 *
 * @param words program and arguments
 * @param taps the tap interfaces that the standby will open, by their names on this host
 */
record StandbyCommandLine(List<String> words, List<String> taps) {
    /** Id of the memory backend that holds the guest's main RAM. */
    static final String RAM_ID = "remus-ram";

    private static final Set<String> DROPPED =
            Set.of(
                    "S",
                    "preconfig",
                    "incoming",
                    "loadvm",
                    "daemonize",
                    "pidfile",
                    "qmp",
                    "qmp-pretty",
                    "monitor",
                    "mon",
                    "mem-path",
                    "mem-prealloc",
                    "D",
                    "d",
                    "full-screen");

    private static final Set<String> DESCRIPTORS = Set.of("fd", "fds", "vhostfd", "vhostfds");
    private static final Set<String> WINDOWS = Set.of("gtk", "sdl", "curses", "cocoa");

    StandbyCommandLine {
        words = List.copyOf(words);
        taps = List.copyOf(taps);
    }

    /** The tap interfaces in the command line of a standby that runs. */
    static List<String> taps(List<String> words) {
        return words.stream()
                .filter(word -> word.startsWith("tap,"))
                .map(OptionProperties::parse)
                .map(net -> net.get("ifname"))
                .filter(Objects::nonNull)
                .toList();
    }

    /**
     * Where the standby keeps what is its own.
     *
     * @param memory the main RAM
     * @param monitor the QMP socket
     */
    record Files(Path memory, Path monitor, Path pid, Path log) {}

    /**
     * The primary's media, and what takes the place of those that are replicated.
     *
     * @param cwd what relative paths in the primary's command line start from
     * @param images raw ones, by the names of those media
     */
    record Media(Path cwd, List<QemuDisk> disks, Map<String, Path> images) {
        /** A domain without a disk. */
        static final Media NONE = new Media(Path.of("/"), List.of(), Map.of());

        /**
         * Of a primary.
         *
         * @param replicated names of the media that have an image each
         */
        static Media of(
                Path cwd, List<QemuDisk> disks, List<String> replicated, List<Path> images) {
            if (replicated.size() != images.size()) {
                throw new IllegalArgumentException(
                        images.size() + " images (expected: one for each of " + replicated + ")");
            }
            Map<String, Path> named = new HashMap<>();
            for (int i = 0; i < images.size(); i++) {
                named.put(replicated.get(i), images.get(i));
            }
            return new Media(cwd, disks, named);
        }

        /** The images are not known yet, or do not matter. */
        static Media ofUnknownImages(Path cwd, List<QemuDisk> disks, List<String> replicated) {
            return of(cwd, disks, replicated, Collections.nCopies(replicated.size(), cwd));
        }
    }

    /**
     * Makes the command line.
     *
     * @param primary program and arguments of the primary
     * @param machineType the canonical machine type, as an alias may mean another one here
     * @throws DomainException if the primary's command line holds something that only exists in its
     *     parent process, or that cannot be silent before the takeover
     */
    static StandbyCommandLine of(
            List<String> primary,
            String machineType,
            long ramBytes,
            Files files,
            Media media,
            StandbySettings settings) {
        List<CommandOption> given =
                StandbyDisks.rewrite(
                        CommandOption.parse(primary.subList(1, primary.size())),
                        media.cwd(),
                        media.disks(),
                        media.images());
        return new Builder(given, settings).build(primary.get(0), machineType, ramBytes, files);
    }

    /** One pass over the options; what they say of each other is collected first. */
    private static final class Builder {
        private final List<CommandOption> given;
        private final StandbySettings settings;
        private final OptionProperties machine = OptionProperties.parse("");
        private final Set<String> monitorChardevs = new HashSet<>();
        private final Set<String> otherChardevs = new HashSet<>();
        private final List<CommandOption> kept = new ArrayList<>();
        private final List<String> taps = new ArrayList<>();
        private @Nullable String numaMemory;

        Builder(List<CommandOption> given, StandbySettings settings) {
            this.given = given;
            this.settings = settings;
            for (CommandOption option : given) {
                collect(option);
            }
        }

        StandbyCommandLine build(String program, String type, long ramBytes, Files files) {
            String replaced = machine.get("memory-backend");
            given.forEach(option -> keep(option, replaced));

            OptionProperties standbyMachine = OptionProperties.parse(type);
            List.of(OptionProperties.IMPLIED, "type", "suppress-vmdesc", "memory-backend")
                    .forEach(machine::remove);
            standbyMachine.merge(machine);
            standbyMachine.set("suppress-vmdesc", "on");
            if (numaMemory == null) {
                standbyMachine.set("memory-backend", RAM_ID);
            }

            List<String> words = new ArrayList<>();
            words.add(path(program));
            words.addAll(List.of("-machine", standbyMachine.toString()));
            words.addAll(List.of("-object", ramBackend(ramBytes, files.memory())));
            words.addAll(CommandOption.words(kept));
            words.addAll(List.of("-global", "migration.send-configuration=off"));
            words.addAll(List.of("-S", "-incoming", "defer"));
            words.addAll(List.of("-qmp", socket(files.monitor())));
            words.addAll(List.of("-pidfile", files.pid().toString(), "-daemonize"));
            // A daemon's complaints go nowhere unless something is logged; "page" is a subject on
            // which a system emulator never has anything to say.
            words.addAll(List.of("-d", "page", "-D", files.log().toString()));
            return new StandbyCommandLine(words, taps);
        }

        private static String ramBackend(long bytes, Path file) {
            OptionProperties backend = OptionProperties.parse("memory-backend-file");
            backend.set("id", RAM_ID);
            backend.set("size", Long.toString(bytes));
            backend.set("mem-path", file.toString());
            backend.set("share", "on");
            return backend.toString();
        }

        private static String socket(Path monitor) {
            return "unix:" + monitor.toString().replace(",", ",,") + ",server=on,wait=off";
        }

        private void collect(CommandOption option) {
            switch (option.name()) {
                case "machine", "M" -> machine.merge(option.properties());
                case "mon" -> monitorChardevs.add(option.properties().kind("chardev"));
                case "qmp", "qmp-pretty", "monitor" -> reference(option, monitorChardevs);
                case "chardev", "append" -> {}
                case "numa" -> collectNuma(option);
                default -> {
                    reference(option, otherChardevs);
                    if (option.is("device", "object", "netdev")) {
                        String chardev = option.properties().get("chardev");
                        otherChardevs.add(chardev == null ? "" : chardev);
                    }
                }
            }
        }

        private static void reference(CommandOption option, Set<String> chardevs) {
            String argument = option.argument();
            if (argument != null && argument.startsWith("chardev:")) {
                chardevs.add(argument.substring("chardev:".length()));
            }
        }

        private void collectNuma(CommandOption option) {
            String memory = option.properties().get("memdev");
            if (memory != null && numaMemory != null) {
                throw refused(
                        "numa-memory",
                        option,
                        "spreads the guest's RAM over several memory backends",
                        "start the domain with one memory backend");
            }
            numaMemory = memory == null ? numaMemory : memory;
        }

        private void keep(CommandOption option, @Nullable String replacedBackend) {
            if (DROPPED.contains(option.name()) || option.is("machine", "M")) {
                return;
            }
            switch (option.name()) {
                case "object" -> keepObject(option, replacedBackend);
                case "global" -> keepGlobal(option);
                case "numa" -> keepNuma(option);
                case "netdev", "nic", "net" -> keepNetwork(option);
                case "chardev" -> keepChardev(option);
                case "serial", "parallel", "debugcon" -> keepSerial(option);
                case "nographic" -> keepNoGraphic();
                case "display" -> keepDisplay(option);
                case "sdl", "curses" -> kept.add(new CommandOption("display", "none"));
                case "add-fd" ->
                        throw refused(
                                "open-file-passed",
                                option,
                                "uses a file that another process opened for it",
                                "start the domain with the file's path");
                default -> kept.add(atThisHost(option));
            }
        }

        private void keepObject(CommandOption option, @Nullable String replacedBackend) {
            OptionProperties object = option.properties();
            String id = String.valueOf(object.get("id"));
            boolean memory = object.kind("qom-type").startsWith("memory-backend-");
            if (memory
                    && (id.equals(RAM_ID) || id.equals(replacedBackend) || id.equals(numaMemory))) {
                return;
            }
            kept.add(atThisHost(option));
        }

        private void keepGlobal(CommandOption option) {
            OptionProperties global = option.properties();
            boolean ours =
                    global.has("migration.send-configuration")
                            || "send-configuration".equals(global.get("property"));
            if (!ours) {
                kept.add(option);
            }
        }

        private void keepNuma(CommandOption option) {
            OptionProperties numa = option.properties();
            if (numa.has("memdev")) {
                numa.set("memdev", RAM_ID);
                kept.add(new CommandOption("numa", numa.toString()));
            } else {
                kept.add(option);
            }
        }

        private void keepNetwork(CommandOption option) {
            OptionProperties net = option.properties();
            if (DESCRIPTORS.stream().anyMatch(net::has)) {
                throw refused(
                        "tap-by-descriptor",
                        option,
                        "uses a network interface that another process opened for it",
                        "start the domain with -netdev tap,ifname=NAME,script=no,downscript=no");
            }
            String kind = net.kind("type");
            boolean helped = net.has("helper") || net.has("br");
            if (kind.equals("bridge") || (kind.equals("tap") && helped)) {
                throw refused(
                        "bridge-helper",
                        option,
                        "has its interface made by a helper, which would open it at the start of"
                                + " the standby, long before a takeover",
                        "make a tap interface on both hosts and use -netdev tap,ifname=NAME");
            }
            if (!kind.equals("tap")) {
                kept.add(atThisHost(option));
                return;
            }
            String name = net.get("ifname");
            if (name == null) {
                throw refused(
                        "tap-without-name",
                        option,
                        "takes whatever tap interface is free",
                        "start the domain with ifname=NAME,script=no,downscript=no");
            }
            String here = settings.taps().getOrDefault(name, name);
            taps.add(here);
            net.set("ifname", here);
            net.set("script", "no");
            net.set("downscript", "no");
            kept.add(new CommandOption(option.name(), net.toString()));
        }

        private void keepChardev(CommandOption option) {
            OptionProperties chardev = option.properties();
            String id = chardev.get("id");
            if (monitorChardevs.contains(id) && !otherChardevs.contains(id)) {
                return;
            }
            if (chardev.has("fd") || chardev.has("fdset")) {
                throw refused(
                        "open-file-passed",
                        option,
                        "uses a socket that another process opened for it",
                        "start the domain with the socket's path");
            }
            kept.add(
                    chardev.kind("backend").equals("stdio")
                            ? new CommandOption("chardev", "null,id=" + id)
                            : atThisHost(option));
        }

        /** A daemon has no terminal; the device must be there all the same. */
        private void keepSerial(CommandOption option) {
            String backend = String.valueOf(option.argument());
            if (backend.startsWith("mon:")) {
                backend = backend.substring("mon:".length());
            }
            kept.add(
                    atThisHost(
                            new CommandOption(
                                    option.name(), backend.equals("stdio") ? "null" : backend)));
        }

        private void keepNoGraphic() {
            kept.add(new CommandOption("display", "none"));
            boolean defaultSerial =
                    given.stream().noneMatch(o -> o.is("serial", "nodefaults", "chardev"));
            if (defaultSerial) {
                kept.add(new CommandOption("serial", "null"));
            }
        }

        private void keepDisplay(CommandOption option) {
            boolean window = WINDOWS.contains(option.properties().kind("type"));
            kept.add(window ? new CommandOption("display", "none") : option);
        }

        private CommandOption atThisHost(CommandOption option) {
            String argument = option.argument();
            if (argument == null || settings.paths().isEmpty()) {
                return option;
            }
            String replaced = path(argument);
            boolean describes = argument.indexOf('=') >= 0 || argument.startsWith("{");
            if (replaced.equals(argument) && describes && !option.is("append")) {
                OptionProperties properties = option.properties();
                String before = properties.toString();
                properties.replaceValues(this::path);
                String after = properties.toString();
                replaced = before.equals(after) ? argument : after;
            }
            return new CommandOption(option.name(), replaced);
        }

        private String path(String word) {
            if (word.startsWith("file:")) {
                return "file:" + path(word.substring("file:".length()));
            }
            return settings.paths().getOrDefault(word, word);
        }

        private static DomainException refused(
                String code, CommandOption option, String problem, String correction) {
            return new DomainException(
                    code,
                    "-" + option.name() + " " + option.argument() + " " + problem,
                    correction);
        }
    }
}
