package remus.diskbuf.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;

/**
 * Lets Netty read from the socket straight into the payload that the decoder is filling, and
 * everything else through a buffer that holds many small requests.
 */
final class NbdReadAllocator extends DefaultMaxMessagesRecvByteBufAllocator {
    private final NbdRequestDecoder decoder;

    NbdReadAllocator(NbdRequestDecoder decoder) {
        this.decoder = decoder;
    }

    @Override
    @SuppressWarnings("deprecation") // the only type that Netty's own read loop accepts
    public Handle newHandle() {
        return new MaxMessageHandle() {
            @Override
            public ByteBuf allocate(ByteBufAllocator allocator) {
                ByteBuf filling = decoder.filling();
                return filling != null
                        ? filling.retain()
                        : allocator.directBuffer(decoder.readBytes(), decoder.readBytes());
            }

            @Override
            public int guess() {
                return decoder.readBytes();
            }
        };
    }
}
