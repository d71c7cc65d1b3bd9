/**
 * Measures every phase of a checkpoint beside its floor, a C program doing the same calls on the
 * same VM.
 */
@NullMarked
package remus.bench;

import org.jspecify.annotations.NullMarked;
