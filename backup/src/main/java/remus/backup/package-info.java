/**
 * The other side of the loop: stages an epoch, commits it whole, acknowledges, stands by, takes
 * over.
 */
@NullMarked
package remus.backup;

import org.jspecify.annotations.NullMarked;
