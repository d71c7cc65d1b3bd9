/**
 * The witness: a register outside both hosts that says who may run a group. It is changed by
 * compare-and-set only, so that of two hosts that cannot hear each other at most one goes on.
 * Timeouts decide when it is asked; what it holds decides who runs.
 */
@NullMarked
package remus.ha.witness;

import org.jspecify.annotations.NullMarked;
