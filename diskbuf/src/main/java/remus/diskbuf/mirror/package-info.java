/**
 * Captures the writes of a running guest to its disks: through a mirror to an export of ours, or
 * because an export of ours is the disk.
 */
@NullMarked
package remus.diskbuf.mirror;

import org.jspecify.annotations.NullMarked;
