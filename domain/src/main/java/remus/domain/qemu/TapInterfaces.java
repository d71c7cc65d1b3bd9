package remus.domain.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import remus.domain.DomainException;
import remus.domain.linux.NetInterface;

/**
 * The tap interfaces of a standby. QEMU announces a guest as soon as its state is loaded, while it
 * is still paused; so the interfaces stay down until the standby may speak. That also keeps stale
 * broadcasts out of the guest's receive ring.
 */
final class TapInterfaces {
    private static final long LINKWATCH_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final List<NetInterface> interfaces;
    private final List<NetInterface> wereUp = new ArrayList<>();

    TapInterfaces(List<String> names) {
        interfaces = names.stream().map(NetInterface::new).toList();
    }

    /**
     * Switches them off.
     *
     * @throws DomainException {@code no-tap}, {@code tap-in-use}; then they are as they were
     */
    void lower() {
        interfaces.forEach(TapInterfaces::check);
        try {
            for (NetInterface tap : interfaces) {
                if (tap.isUp()) {
                    wereUp.add(tap);
                    tap.up(false);
                }
            }
        } catch (DomainException e) {
            restore();
            throw e;
        }
    }

    /**
     * @throws DomainException if it is no tap, or another process holds it
     */
    static void check(NetInterface tap) {
        if (!tap.isTap()) {
            throw new DomainException(
                    "no-tap",
                    "there is no tap interface " + tap.name() + " on this host",
                    "make it (ip tuntap add dev "
                            + tap.name()
                            + " mode tap) and put it on its bridge");
        }
        if (staysRunning(tap)) {
            throw new DomainException(
                    "tap-in-use",
                    "tap interface " + tap.name() + " belongs to a running process on this host",
                    "give the standby a tap interface of its own");
        }
    }

    /** The kernel tells of a closed tap up to a second late (linkwatch, net/core/link_watch.c). */
    private static boolean staysRunning(NetInterface tap) {
        long start = System.nanoTime();
        while (tap.isRunning()) {
            if (System.nanoTime() - start > LINKWATCH_NANOS) {
                return true;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return false;
    }

    /** Switches them on. */
    void raise() {
        interfaces.forEach(tap -> tap.up(true));
    }

    /** Switches them off again, after {@link #raise} although the guest cannot run. */
    void silence() {
        interfaces.forEach(tap -> tap.up(false));
    }

    /** Leaves them as they were found, as far as they are still there. */
    void restore() {
        for (NetInterface tap : wereUp) {
            if (tap.isTap()) {
                tap.up(true);
            }
        }
        wereUp.clear();
    }
}
