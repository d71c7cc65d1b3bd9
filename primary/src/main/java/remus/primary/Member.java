package remus.primary;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.diskbuf.DiskBuffer;
import remus.domain.CheckpointDevice;
import remus.domain.Disk;
import remus.domain.Domain;
import remus.netbuf.NetBuffer;

/**
 * One domain of a group with the devices that take part in its checkpoints.
 *
 * @param netBuffers those of the devices that hold network output
 * @param diskBuffers those that capture what it writes to its disks: one, or none if it has no disk
 * @param devices all of them, the buffers included
 * @param leftOut the disks that it writes to and that nothing captures, at its operator's word
 */
public record Member(
        Domain domain,
        List<NetBuffer> netBuffers,
        List<DiskBuffer> diskBuffers,
        List<CheckpointDevice> devices,
        List<Disk> leftOut) {
    private static final Logger LOG = LoggerFactory.getLogger(Member.class);

    /** Copies the lists. */
    public Member {
        netBuffers = List.copyOf(netBuffers);
        diskBuffers = List.copyOf(diskBuffers);
        devices = List.copyOf(devices);
        leftOut = List.copyOf(leftOut);
    }

    /** A member of which no disk is left out. */
    public Member(
            Domain domain,
            List<NetBuffer> netBuffers,
            List<DiskBuffer> diskBuffers,
            List<CheckpointDevice> devices) {
        this(domain, netBuffers, diskBuffers, devices, List.of());
    }

    /** The domain's name. */
    public String name() {
        return domain.identity().name();
    }

    /** Opens the output path and lets go of the domain, as it was found. */
    void detach() {
        for (CheckpointDevice device : devices) {
            attempt("detach", device::detach);
        }
        close();
    }

    /** Lets go of everything; what is held stays held. */
    void close() {
        for (CheckpointDevice device : devices) {
            attempt("close", device::close);
        }
        attempt("close", domain::close);
    }

    /** The backup runs this domain: this copy is silent for good. */
    void retire() {
        for (CheckpointDevice device : devices) {
            attempt("discard", device::discard);
        }
        attempt("retire", domain::retire);
    }

    /** One part that cannot be let go of must not keep the others. */
    private void attempt(String what, Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            LOG.warn("{}: {} failed", name(), what, e);
        }
    }
}
