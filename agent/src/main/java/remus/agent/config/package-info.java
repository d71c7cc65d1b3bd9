/**
 * The configuration of an agent: read once, at its start, and refused with a place and a correction
 * for every mistake.
 */
@NullMarked
package remus.agent.config;

import org.jspecify.annotations.NullMarked;
