/**
 * Detects, decides and remembers who may run: failure detection, state machines, the persisted
 * record of a group.
 */
@NullMarked
package remus.ha;

import org.jspecify.annotations.NullMarked;
