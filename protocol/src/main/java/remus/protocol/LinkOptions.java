package remus.protocol;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import java.net.InetSocketAddress;
import java.util.Map;

/** How the sockets of links are set up, at both ends. */
final class LinkOptions {
    /**
     * About two frames wait inside Netty while the kernel takes a third; the others wait in the
     * link, not yet encoded.
     */
    private static final WriteBufferWaterMark WATER_MARKS =
            new WriteBufferWaterMark(1 << 20, 2 << 20);

    /**
     * Chunks of 16 MiB (8 KiB &lt;&lt; 11), because a full payload takes 1.25 MiB of one: the
     * default of 4 MiB holds only three.
     */
    private static final ByteBufAllocator ALLOCATOR =
            new PooledByteBufAllocator(
                    true,
                    0,
                    1,
                    8192,
                    11,
                    PooledByteBufAllocator.defaultSmallCacheSize(),
                    PooledByteBufAllocator.defaultNormalCacheSize(),
                    true);

    /**
     * Socket buffers are left to the kernel, which grows them as the connection can use it; a size
     * set here would switch that off and be cut to net.core.wmem_max (tcp(7)).
     */
    static final Map<ChannelOption<?>, Object> ALL =
            Map.of(
                    ChannelOption.TCP_NODELAY, true,
                    ChannelOption.ALLOCATOR, ALLOCATOR,
                    ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARKS);

    private LinkOptions() {}

    /** An address for people. */
    static String text(InetSocketAddress address) {
        String host = address.getHostString();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
