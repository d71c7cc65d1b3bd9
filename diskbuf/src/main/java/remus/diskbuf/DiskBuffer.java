package remus.diskbuf;

import remus.domain.CheckpointDevice;

/**
 * Holds the disk writes of one domain until their epoch is committed. The seam only: its
 * implementation comes with replicated disks, and until then a domain with a writable disk is
 * refused.
 */
public interface DiskBuffer extends CheckpointDevice {}
