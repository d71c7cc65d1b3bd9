/** Brings the writes of a running guest's disks to an export of ours. */
@NullMarked
package remus.diskbuf.mirror;

import org.jspecify.annotations.NullMarked;
