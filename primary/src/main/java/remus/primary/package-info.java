/**
 * The checkpoint loop of a group: suspend, harvest, copy, resume, send, and release on
 * acknowledgement.
 */
@NullMarked
package remus.primary;

import org.jspecify.annotations.NullMarked;
