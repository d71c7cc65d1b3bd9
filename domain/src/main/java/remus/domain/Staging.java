package remus.domain;

import java.util.List;

/**
 * Where one member's part of one epoch is copied to. The checkpoint loop implements it over a
 * {@link SlabPool}; a domain only fills the slabs that it is given.
 */
public interface Staging {

    /**
     * An empty slab, begun for pages of {@code region}. Earlier slabs are complete from here on.
     * When the pool is used up, slabs of this epoch that are already complete are sent to make
     * room: the guest is slowed, never the host exhausted.
     *
     * @throws DomainException if no room can be made because the peer takes nothing
     */
    Slab nextPages(int region);

    /** An empty slab, begun for device state or for a piece of an opaque stream. */
    Slab nextDevices();

    /** The slabs taken so far and not yet sent, in order. */
    List<Slab> slabs();
}
