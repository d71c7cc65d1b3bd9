package remus.protocol;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;

/** Remembers every buffer it gave. */
final class CountingAllocator extends AbstractByteBufAllocator {
    final List<ByteBuf> given = new ArrayList<>();

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
        return remember(UnpooledByteBufAllocator.DEFAULT.heapBuffer(initialCapacity, maxCapacity));
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
        return remember(
                UnpooledByteBufAllocator.DEFAULT.directBuffer(initialCapacity, maxCapacity));
    }

    private ByteBuf remember(ByteBuf buffer) {
        given.add(buffer);
        return buffer;
    }

    /** Buffers that nobody has released. */
    long leaked() {
        return given.stream().filter(buffer -> buffer.refCnt() > 0).count();
    }

    long largestBytes() {
        return given.stream().mapToLong(ByteBuf::maxCapacity).max().orElse(0);
    }

    @Override
    public boolean isDirectBufferPooled() {
        return false;
    }
}
