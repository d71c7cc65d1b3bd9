/**
 * The daemon: configuration, then guests left behind, then the control socket; and the same
 * backwards.
 */
@NullMarked
package remus.agent.daemon;

import org.jspecify.annotations.NullMarked;
