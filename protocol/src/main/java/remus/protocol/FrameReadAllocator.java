package remus.protocol;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Lets Netty read from the socket straight into the buffer that the decoder is filling, so that a
 * page is copied once, from the kernel to where it stays. Prefixes and small headers come through a
 * small buffer: what is read along with them would have to be copied.
 */
final class FrameReadAllocator extends DefaultMaxMessagesRecvByteBufAllocator {
    private static final int SMALL_BYTES = 4096;

    private final FrameDecoder decoder;

    FrameReadAllocator(FrameDecoder decoder) {
        this.decoder = decoder;
    }

    @Override
    @SuppressWarnings("deprecation") // the only type that Netty's own read loop accepts
    public Handle newHandle() {
        return new MaxMessageHandle() {
            @Override
            public ByteBuf allocate(ByteBufAllocator allocator) {
                @Nullable ByteBuf filling = decoder.fillingFor(SMALL_BYTES);
                return filling != null ? filling.retain() : allocator.directBuffer(SMALL_BYTES);
            }

            @Override
            public int guess() {
                return SMALL_BYTES;
            }
        };
    }
}
