/**
 * The domain seam: a running VM that can be checkpointed, its standby at the backup, and the memory
 * that one epoch is staged in. Hypervisors implement it in packages below.
 */
@NullMarked
package remus.domain;

import org.jspecify.annotations.NullMarked;
