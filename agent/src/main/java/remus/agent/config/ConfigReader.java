package remus.agent.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** From the tree to the configuration, collecting every mistake on the way. */
final class ConfigReader {
    private final String file;
    private final List<ConfigException.Mistake> mistakes = new ArrayList<>();
    private final Map<Setting, Object> values = new EnumMap<>(Setting.class);
    private final Map<Setting, Located.Entry> places = new EnumMap<>(Setting.class);

    ConfigReader(String file) {
        this.file = file;
    }

    AgentConfig read(Located root) throws ConfigException {
        mapping(root, "", root.line(), root.column());
        if (mistakes.isEmpty()) {
            relations();
        }
        if (!mistakes.isEmpty()) {
            throw new ConfigException(mistakes);
        }
        return new AgentConfig(
                values.get(Setting.NAME) instanceof String name ? name : hostName(),
                value(Setting.LISTEN, HostPort.class),
                value(Setting.STATE_DIR, Path.class),
                value(Setting.RUN_DIR, Path.class),
                value(Setting.INTERVAL, Duration.class),
                value(Setting.STAGING, Long.class),
                new AgentConfig.Detection(
                        value(Setting.HEARTBEAT_INTERVAL, Duration.class),
                        value(Setting.SILENCE_LIMIT, Duration.class),
                        value(Setting.RECONNECT_GRACE, Duration.class)),
                map(Setting.PEERS, HostPort.class),
                new AgentConfig.StandbyPlace(
                        value(Setting.STANDBY_RAM_DIR, Path.class),
                        map(Setting.STANDBY_INTERFACES, String.class),
                        map(Setting.STANDBY_PATHS, Path.class)),
                new AgentConfig.Disks(
                        values.get(Setting.DISKS_DIRECTORY) instanceof Path directory
                                ? directory
                                : value(Setting.STATE_DIR, Path.class).resolve("disks"),
                        map(Setting.DISKS_IMAGES, Path.class),
                        map(Setting.DISKS_EXPORTS, Path.class),
                        values.get(Setting.DISKS_EXPORT_USER) instanceof String user ? user : "",
                        value(Setting.DISKS_JOURNAL, Long.class),
                        value(Setting.DISKS_COMMIT, String.class).equals("fsync"),
                        value(Setting.DISKS_ALLOCATION, String.class).equals("full"),
                        value(Setting.DISKS_RESYNC, String.class).equals("in-place"),
                        value(Setting.DISKS_STAGING, Long.class)),
                witness());
    }

    private AgentConfig.@Nullable Witness witness() {
        return values.get(Setting.WITNESS_CONNECT) instanceof String connect
                ? new AgentConfig.Witness(
                        connect,
                        value(Setting.WITNESS_SESSION_TIMEOUT, Duration.class),
                        (Path) values.get(Setting.WITNESS_CREDENTIALS),
                        (Path) values.get(Setting.WITNESS_CLIENT))
                : null;
    }

    private void mapping(Located node, String prefix, int line, int column) {
        if (node.text() != null) {
            mistake(
                    line,
                    column,
                    "\"" + node.text() + "\" stands where keys are expected",
                    "write `key: value` lines; allowed are " + String.join(", ", allowed(prefix)));
            return;
        }
        node.entries()
                .forEach(
                        (key, entry) -> {
                            Setting setting = find(prefix + key);
                            if (setting != null) {
                                places.put(setting, entry);
                                setting(setting, entry);
                            } else if (!allowed(prefix + key + ".").isEmpty()) {
                                mapping(
                                        entry.value(),
                                        prefix + key + ".",
                                        entry.line(),
                                        entry.column());
                            } else {
                                unknown(prefix, key, entry);
                            }
                        });
    }

    private void unknown(String prefix, String key, Located.Entry entry) {
        Collection<String> allowed = allowed(prefix);
        String near = Nearest.to(key, allowed);
        mistake(
                entry.line(),
                entry.column(),
                "unknown key \"" + prefix + key + "\"; allowed are " + String.join(", ", allowed),
                near == null ? "remove it" : "write \"" + near + "\"");
    }

    private void setting(Setting setting, Located.Entry entry) {
        Located value = entry.value();
        if (!setting.form.map()) {
            Object read = scalar(setting, setting.key, value);
            if (read != null) {
                values.put(setting, read);
            }
            return;
        }
        if (value.text() != null) {
            mistake(
                    value.line(),
                    value.column(),
                    setting.key + " is " + setting.form.words() + ", not \"" + value.text() + "\"",
                    "write one indented `name: value` line for each, or remove the key");
            return;
        }
        Map<String, Object> read = new LinkedHashMap<>();
        value.entries()
                .forEach(
                        (key, inner) -> {
                            Object element =
                                    scalar(setting, setting.key + "." + key, inner.value());
                            if (element != null) {
                                read.put(key, element);
                            }
                        });
        values.put(setting, read);
    }

    private @Nullable Object scalar(Setting setting, String key, Located value) {
        if (value.text() == null) {
            mistake(
                    value.line(),
                    value.column(),
                    key + " is a mapping, allowed is " + setting.form.words(),
                    "write `" + key + ": " + setting.defaultText + "`");
            return null;
        }
        try {
            return setting.form.reader().apply(value.text());
        } catch (IllegalArgumentException wrong) {
            String message = String.valueOf(wrong.getMessage());
            int guess = message.indexOf("; ");
            mistake(
                    value.line(),
                    value.column(),
                    key + ": " + (guess < 0 ? message : message.substring(0, guess)),
                    guess < 0
                            ? "the default is " + setting.defaultText
                            : message.substring(guess + 2));
            return null;
        }
    }

    private void relations() {
        Duration silence = value(Setting.SILENCE_LIMIT, Duration.class);
        Duration heartbeat = value(Setting.HEARTBEAT_INTERVAL, Duration.class);
        atMost(
                heartbeat.multipliedBy(3),
                "3 x heartbeat-interval = 3 x " + DurationText.format(heartbeat),
                Setting.HEARTBEAT_INTERVAL,
                silence,
                "one lost heartbeat must not make a suspicion");
        Duration interval = value(Setting.INTERVAL, Duration.class);
        atMost(
                interval,
                "interval",
                Setting.INTERVAL,
                silence,
                "a checkpoint must come before silence is an alarm");
        Duration grace = value(Setting.RECONNECT_GRACE, Duration.class);
        atMost(
                grace,
                "reconnect-grace",
                Setting.RECONNECT_GRACE,
                silence,
                "a connection that may come back is not yet silent");
        exports();
        if (value(Setting.STATE_DIR, Path.class).equals(value(Setting.RUN_DIR, Path.class))) {
            Located.Entry at = place(Setting.RUN_DIR, Setting.STATE_DIR);
            mistake(
                    at.line(),
                    at.column(),
                    "run-dir and state-dir are the same directory; one is lost at a reboot, the"
                            + " other must not be",
                    "remove run-dir: the default is /run/remus");
        }
    }

    /** Their names are file names too; an image has one writer. */
    private void exports() {
        Map<Path, String> writers = new HashMap<>();
        map(Setting.DISKS_IMAGES, Path.class)
                .forEach((disk, image) -> writers.put(image, "disks.images." + disk));
        Located.Entry all = places.get(Setting.DISKS_EXPORTS);
        Map<String, Located.Entry> entries = all == null ? Map.of() : all.value().entries();
        Map<String, Path> images = map(Setting.DISKS_EXPORTS, Path.class);
        entries.forEach(
                (name, entry) -> {
                    String key = Setting.DISKS_EXPORTS.key + "." + name;
                    if (!name.matches(Setting.NAME_PATTERN)) {
                        mistake(
                                entry.line(),
                                entry.column(),
                                key + ": \"" + name + "\" is not " + Setting.NAME_WORDS,
                                "choose such a name for the export");
                    }
                    String other = writers.put(images.get(name), key);
                    if (other != null) {
                        mistake(
                                entry.line(),
                                entry.column(),
                                key + " and " + other + " are the same image",
                                "give each an image of its own, or remove one");
                    }
                });
    }

    private void atMost(
            Duration least, String arithmetic, Setting other, Duration silence, String why) {
        if (least.compareTo(silence) <= 0) {
            return;
        }
        Located.Entry at = place(Setting.SILENCE_LIMIT, other);
        mistake(
                at.line(),
                at.column(),
                "silence-limit "
                        + DurationText.format(silence)
                        + " < "
                        + arithmetic
                        + (arithmetic.contains("=") ? " = " : " ")
                        + DurationText.format(least)
                        + "; "
                        + why,
                "set silence-limit to "
                        + DurationText.format(least)
                        + " or more, or lower "
                        + other.key);
    }

    private Located.Entry place(Setting first, Setting second) {
        Located.Entry at = places.get(first);
        if (at == null) {
            at = places.get(second);
        }
        return at == null ? new Located.Entry(1, 1, new Located(1, 1, "", Map.of())) : at;
    }

    private void mistake(int line, int column, String problem, String correction) {
        mistakes.add(new ConfigException.Mistake(file, line, column, problem, correction));
    }

    private <T> T value(Setting setting, Class<T> type) {
        Object value = values.get(setting);
        return type.cast(value != null ? value : setting.form.reader().apply(setting.defaultText));
    }

    private <T> Map<String, T> map(Setting setting, Class<T> type) {
        Map<String, T> typed = new HashMap<>();
        if (values.get(setting) instanceof Map<?, ?> map) {
            map.forEach((key, value) -> typed.put(String.valueOf(key), type.cast(value)));
        }
        return typed;
    }

    private static @Nullable Setting find(String key) {
        return Arrays.stream(Setting.values())
                .filter(s -> s.key.equals(key))
                .findFirst()
                .orElse(null);
    }

    private static Collection<String> allowed(String prefix) {
        return Arrays.stream(Setting.values())
                .filter(s -> s.key.startsWith(prefix))
                .map(s -> s.key.substring(prefix.length()).replaceAll("\\..*", ""))
                .distinct()
                .collect(Collectors.toList());
    }

    private static String hostName() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException unknown) {
            return "localhost";
        }
    }
}
