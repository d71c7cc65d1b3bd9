/** The {@code remus} program: daemon, control API and command line. */
@NullMarked
package remus.agent;

import org.jspecify.annotations.NullMarked;
