package remus.domain.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One word of a QEMU command line with what belongs to it: an option and its argument, or a bare
 * disk image.
 *
 * @param name the option without dashes; empty for a bare word
 * @param argument null for an option without one
 */
record CommandOption(String name, @Nullable String argument) {

    /** Everything else takes the word that follows (qemu-options.hx, HAS_ARG absent). */
    private static final Set<String> WITHOUT_ARGUMENT =
            Set.of(
                    "S",
                    "s",
                    "h",
                    "help",
                    "version",
                    "snapshot",
                    "daemonize",
                    "nographic",
                    "no-reboot",
                    "no-shutdown",
                    "no-acpi",
                    "no-hpet",
                    "no-fd-bootchk",
                    "no-user-config",
                    "nodefaults",
                    "nodefconfig",
                    "no-quit",
                    "full-screen",
                    "sdl",
                    "curses",
                    "enable-kvm",
                    "enable-fips",
                    "enable-sync-profile",
                    "async-teardown",
                    "usb",
                    "singlestep",
                    "one-insn-per-tb",
                    "mem-prealloc",
                    "portrait",
                    "win2k-hack",
                    "rtc-td-hack",
                    "only-migratable",
                    "preconfig",
                    "semihosting",
                    "old-param",
                    "alt-grab",
                    "ctrl-grab",
                    "xen-attach",
                    "xen-domid-restrict");

    /**
     * Splits the words after the program's name. An option that is not known takes the next word
     * unless that looks like an option itself.
     */
    static List<CommandOption> parse(List<String> words) {
        List<CommandOption> options = new ArrayList<>();
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (!isOption(word)) {
                options.add(new CommandOption("", word));
                continue;
            }
            String name = word.substring(word.startsWith("--") ? 2 : 1);
            boolean takesNext =
                    i + 1 < words.size()
                            && !WITHOUT_ARGUMENT.contains(name)
                            && (name.equals("append") || !isOption(words.get(i + 1)));
            options.add(new CommandOption(name, takesNext ? words.get(++i) : null));
        }
        return options;
    }

    /** The words again. */
    static List<String> words(List<CommandOption> options) {
        List<String> words = new ArrayList<>();
        for (CommandOption option : options) {
            if (!option.name.isEmpty()) {
                words.add("-" + option.name);
            }
            if (option.argument != null) {
                words.add(option.argument);
            }
        }
        return words;
    }

    boolean is(String... names) {
        return List.of(names).contains(name);
    }

    /** The argument's properties; those of an empty argument if it has none. */
    OptionProperties properties() {
        return OptionProperties.parse(argument == null ? "" : argument);
    }

    private static boolean isOption(String word) {
        return word.length() > 1 && word.startsWith("-");
    }
}
