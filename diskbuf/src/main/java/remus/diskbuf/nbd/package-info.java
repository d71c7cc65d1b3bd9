/**
 * Disks over the NBD protocol: a server ({@link remus.diskbuf.nbd.NbdServer}) and what it serves
 * ({@link remus.diskbuf.nbd.Export}). A connection first haggles options ({@code NbdHandshake}),
 * then sends requests ({@code NbdTransmission}), which the export may answer at once, later, and in
 * any order.
 *
 * <p>Source of the protocol: doc/proto.md of the NetworkBlockDevice project.
 */
@NullMarked
package remus.diskbuf.nbd;

import org.jspecify.annotations.NullMarked;
