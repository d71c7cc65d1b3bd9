/**
 * Holds a domain's network output until the epoch that caused it is committed (steps 3, 11 and 12
 * of the walk).
 */
@NullMarked
package remus.netbuf;

import org.jspecify.annotations.NullMarked;
