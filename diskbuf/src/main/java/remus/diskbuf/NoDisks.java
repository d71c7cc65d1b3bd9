package remus.diskbuf;

import io.netty.buffer.ByteBuf;
import java.nio.file.Path;
import java.util.List;

/** The disks of a group that has none. */
final class NoDisks implements DiskCopy {
    @Override
    public List<Path> images() {
        return List.of();
    }

    @Override
    public void digests(DigestSink sink) {}

    @Override
    public void beginSeed(long incarnation) {}

    @Override
    public void seed(int disk, int extents, ByteBuf payload) {
        throw new IndexOutOfBoundsException(disk);
    }

    @Override
    public void append(long epoch, int disk, int extents, ByteBuf payload) {
        throw new IndexOutOfBoundsException(disk);
    }

    @Override
    public void commit(long epoch) {}

    @Override
    public void prepareActivation() {}

    @Override
    public Condition condition() {
        return Condition.NONE;
    }

    @Override
    public void close() {}
}
