package remus.domain.qemu;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A QEMU command line as option and value pairs. {@code --option} is {@code -option}; what comes
 * without an option is an image, as QEMU has it.
 */
record CommandLine(List<Option> options) {

    /** An option and the text behind it, empty for a switch. */
    record Option(String name, String value) {

        /**
         * The value's properties: {@code a,b=c,,d} is {@code {"": "a", "b": "c,d"}}. A value in
         * JSON form yields its top-level strings.
         */
        Map<String, String> properties() {
            Map<String, String> properties = new LinkedHashMap<>();
            if (value.startsWith("{")) {
                JsonProperties.flatten(value, properties);
                return properties;
            }
            for (String part : split(value)) {
                int equals = part.indexOf('=');
                if (equals > 0) {
                    properties.put(part.substring(0, equals), part.substring(equals + 1));
                } else {
                    properties.merge(
                            properties.isEmpty() ? "" : part,
                            properties.isEmpty() ? part : "on",
                            (a, b) -> a);
                }
            }
            return properties;
        }

        /** The first, unnamed property, or that named {@code implied}. */
        String first(String implied) {
            Map<String, String> properties = properties();
            return properties.getOrDefault(implied, properties.getOrDefault("", ""));
        }

        /** Two commas are one that separates nothing. */
        private static List<String> split(String value) {
            List<String> parts = new ArrayList<>();
            StringBuilder part = new StringBuilder();
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                if (c != ',') {
                    part.append(c);
                } else if (i + 1 < value.length() && value.charAt(i + 1) == ',') {
                    part.append(c);
                    i++;
                } else {
                    parts.add(part.toString());
                    part.setLength(0);
                }
            }
            parts.add(part.toString());
            return parts;
        }
    }

    static CommandLine parse(List<String> argv) {
        List<Option> options = new ArrayList<>();
        for (int i = 1; i < argv.size(); i++) {
            String word = argv.get(i);
            if (!word.startsWith("-") || word.length() < 2) {
                options.add(new Option("drive", "file=" + word.replace(",", ",,")));
                continue;
            }
            String name = word.substring(word.startsWith("--") ? 2 : 1);
            boolean valued = i + 1 < argv.size() && !argv.get(i + 1).startsWith("-");
            if (valued && !Switches.NAMES.contains(name)) {
                options.add(new Option(name, argv.get(++i)));
            } else {
                options.add(new Option(name, ""));
            }
        }
        return new CommandLine(List.copyOf(options));
    }

    Stream<Option> all(String... names) {
        List<String> wanted = List.of(names);
        return options.stream().filter(option -> wanted.contains(option.name()));
    }

    boolean has(String name) {
        return all(name).findAny().isPresent();
    }

    /** The value of the last option of that name, which is the one that counts. */
    Optional<String> last(String name) {
        return all(name).map(Option::value).reduce((a, b) -> b);
    }
}
