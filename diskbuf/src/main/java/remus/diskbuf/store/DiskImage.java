package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import java.io.Closeable;
import java.io.IOException;
import remus.protocol.DiskPayload;

/** One raw image. Writes come from one thread at a time; any thread may sync. */
final class DiskImage implements Closeable {
    private final DiskImageSpec spec;
    private final StoreFile file;
    private final boolean keepSpace;
    private volatile boolean unsynced;

    /**
     * @param keepSpace whether zeroes and trims leave the space allocated
     */
    DiskImage(DiskImageSpec spec, StoreFile file, boolean keepSpace) {
        this.spec = spec;
        this.file = file;
        this.keepSpace = keepSpace;
    }

    DiskImageSpec spec() {
        return spec;
    }

    /** Writes a checked payload. Doing so again, or after a part of it, ends in the same state. */
    void apply(int extents, ByteBuf payload) throws IOException {
        try {
            applyExtents(extents, payload);
        } finally {
            // only now: a sync on another thread may have come between
            unsynced = true;
        }
    }

    private void applyExtents(int extents, ByteBuf payload) throws IOException {
        int data = payload.readerIndex() + extents * DiskPayload.EXTENT_BYTES;
        for (int extent = 0; extent < extents; extent++) {
            long offset = DiskPayload.offset(payload, extent);
            long length = DiskPayload.length(payload, extent);
            if (DiskPayload.kind(payload, extent) == DiskPayload.DATA) {
                file.write(offset, payload.nioBuffers(data, (int) length));
                data += (int) length;
            } else {
                file.zero(offset, length, keepSpace);
            }
        }
    }

    void sync() throws IOException {
        if (unsynced) {
            unsynced = false;
            file.sync();
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
