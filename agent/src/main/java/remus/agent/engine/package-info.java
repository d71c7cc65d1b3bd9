/**
 * The engines at work on this host: what the control API asks for, done by the primary and backup
 * sides.
 */
@NullMarked
package remus.agent.engine;

import org.jspecify.annotations.NullMarked;
