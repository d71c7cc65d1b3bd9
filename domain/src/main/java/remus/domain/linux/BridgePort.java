package remus.domain.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import remus.domain.DomainException;
import remus.domain.Finding;

/**
 * A network interface that is a port of a bridge of this host, as the kernel shows it (sysfs,
 * net/bridge/br_sysfs_if.c and br_sysfs_br.c).
 *
 * @param name of the interface
 * @param bridge that it belongs to
 */
public record BridgePort(String name, String bridge) {
    private static final Path INTERFACES = Path.of("/sys/class/net");

    /** STP by the kernel itself; by a daemon, which may treat a port better, it is 2. */
    private static final String KERNEL_STP = "1";

    /** The bridge's times are in hundredths of a second. */
    private static final int PER_SECOND = 100;

    /** Empty if the interface is no port of a bridge (of Open vSwitch, say, or routed). */
    public static Optional<BridgePort> of(NetInterface port) {
        Path bridge = INTERFACES.resolve(port.name()).resolve("brport/bridge");
        try {
            return Files.exists(bridge)
                    ? Optional.of(
                            new BridgePort(
                                    port.name(), bridge.toRealPath().getFileName().toString()))
                    : Optional.empty();
        } catch (IOException e) {
            throw unreadable(bridge, e);
        }
    }

    /**
     * Whether a guest that appears here is heard, and reached, at once. A port that goes up under
     * STP listens and learns first, each for the bridge's delay, and passes nothing.
     */
    public Finding speaksAtOnce() {
        Path properties = INTERFACES.resolve(bridge).resolve("bridge");
        long delay = Long.parseLong(read(properties.resolve("forward_delay")));
        if (read(properties.resolve("stp_state")).equals(KERNEL_STP) && delay > 0) {
            return Finding.fail(
                    "bridge-delays",
                    "bridge "
                            + bridge
                            + " keeps "
                            + name
                            + " silent for "
                            + 2 * delay / PER_SECOND
                            + " s after it goes up (spanning tree), and so the guest after a"
                            + " takeover",
                    "switch it off where there is no loop (ip link set "
                            + bridge
                            + " type bridge stp_state 0)");
        }
        if (read(INTERFACES.resolve(name).resolve("brport/learning")).equals("0")) {
            return Finding.fail(
                    "bridge-port-fixed",
                    "port "
                            + name
                            + " of bridge "
                            + bridge
                            + " does not learn addresses, so what is meant for the guest may not"
                            + " reach it after a takeover",
                    "let it learn (bridge link set dev " + name + " learning on)");
        }
        return Finding.pass(
                "bridge", name + " speaks on bridge " + bridge + " as soon as it is up");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).trim();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static DomainException unreadable(Path file, IOException cause) {
        return new DomainException(
                "no-tap",
                file + " cannot be read: " + cause,
                "leave interface and bridge alone while they are examined, and try again",
                cause);
    }
}
