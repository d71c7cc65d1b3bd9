/**
 * The control API: gRPC on a unix socket, answered by {@link remus.agent.control.Operations}. The
 * only package that knows Armeria.
 */
@NullMarked
package remus.agent.control;

import org.jspecify.annotations.NullMarked;
