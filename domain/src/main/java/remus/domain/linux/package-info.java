/** The kernel facilities that a checkpoint needs, one {@code *Library} each, called through JNA. */
@NullMarked
package remus.domain.linux;

import org.jspecify.annotations.NullMarked;
