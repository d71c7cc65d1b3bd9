package remus.domain;

import java.nio.file.Path;
import java.util.List;

/** One kind of hypervisor on this host. */
public interface Hypervisor {

    /** {@code qemu}, {@code xen}: the word that {@link StandbySpec#hypervisor} carries. */
    String kind();

    /** What runs here, standbys excluded, sorted by name. */
    List<DomainSummary> domains();

    /**
     * Opens a domain by name, by process id, or by the path of its monitor socket.
     *
     * @throws DomainException {@code unknown-domain}, {@code ambiguous-name}, {@code no-monitor},
     *     {@code monitor-busy}
     */
    Domain open(String nameOrPidOrSocket);

    /** Examines whether a standby of this domain could be made here; changes nothing. */
    List<Finding> checkStandby(StandbySpec spec);

    /**
     * Makes a standby and its memory.
     *
     * @param images for each of the spec's disks, in order, the raw image that the standby will use
     *     once it is loaded; until then it may be written
     * @throws DomainException if this host cannot
     */
    Standby createStandby(StandbySpec spec, List<Path> images);

    /**
     * A row of {@code remus domains}.
     *
     * @param findings the failed conditions only; empty if it can be protected
     */
    record DomainSummary(
            DomainIdentity identity, String state, long memoryBytes, List<Finding> findings) {
        /** Copies the list. */
        public DomainSummary {
            findings = List.copyOf(findings);
        }
    }
}
