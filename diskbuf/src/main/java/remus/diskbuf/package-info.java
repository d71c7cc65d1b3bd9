/**
 * Holds a domain's disk writes until their epoch is committed. Disks are replicated from the next
 * release on; until then a domain with a writable disk is refused.
 */
@NullMarked
package remus.diskbuf;

import org.jspecify.annotations.NullMarked;
