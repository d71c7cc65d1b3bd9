package remus.domain.qemu;

import java.util.Map;
import java.util.Set;

/** What is on or off on a command line; options of the names here take no value. */
final class Switches {
    static final Set<String> NAMES =
            Set.of(
                    "snapshot",
                    "no-fd-bootchk",
                    "no-acpi",
                    "no-hpet",
                    "nographic",
                    "full-screen",
                    "no-quit",
                    "S",
                    "enable-kvm",
                    "no-reboot",
                    "no-shutdown",
                    "daemonize",
                    "no-user-config",
                    "nodefaults",
                    "win2k-hack",
                    "singlestep",
                    "preconfig",
                    "mem-prealloc",
                    "usb",
                    "portrait",
                    "only-migratable",
                    "enable-sync-profile",
                    "xen-attach");

    private Switches() {}

    /** Whether a property that is on or off is on. */
    static boolean isOn(Map<String, String> properties, String name) {
        String value = properties.getOrDefault(name, "off");
        return value.equals("on") || value.equals("yes") || value.equals("true");
    }
}
