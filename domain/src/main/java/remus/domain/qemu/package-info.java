/**
 * QEMU behind the domain seam: found by its command line, driven over QMP, its memory read from
 * outside.
 */
@NullMarked
package remus.domain.qemu;

import org.jspecify.annotations.NullMarked;
