package remus.diskbuf.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The fixed newstyle handshake of one connection; then makes room for its {@link NbdTransmission}.
 *
 * <pre>
 *   server: "NBDMAGIC" | "IHAVEOPT" | flags u16         client: flags u32
 *   option: "IHAVEOPT" | option u32 | length u32 | body
 *
 *   FLAGS --&gt; OPTION --&gt; BODY --&gt; OPTION ...  --&gt; NOTHING: the transmission, or the end
 *                  \--&gt; SKIP --/   too long a body: answered, and dropped as it comes
 * </pre>
 *
 * <p>Nothing is allocated before an announced length has passed its limit. A client that is not
 * through within {@link #PATIENCE_SECONDS} is closed.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures end the channel
final class NbdHandshake extends ChannelInboundHandlerAdapter {
    /** The longest body that an option of ours can need: a name and two queries. */
    static final int MAX_BODY_BYTES = 16 << 10;

    static final long PATIENCE_SECONDS = 10;

    private static final int OPTION_BYTES = 16;
    private static final Logger log = LoggerFactory.getLogger(NbdHandshake.class);

    private enum Awaited {
        FLAGS,
        OPTION,
        BODY,
        SKIP,
        NOTHING
    }

    private final NbdOptions options;
    private final NbdRequestDecoder decoder;
    private final ByteBuf head = Unpooled.buffer(OPTION_BYTES, OPTION_BYTES);

    private Awaited awaited = Awaited.FLAGS;
    private ByteBuf filling = head.capacity(4);
    private long skipBytes;
    private int clientFlags;
    private int option;

    /**
     * @param decoder for the transmission; the channel reads into its buffers
     */
    NbdHandshake(Collection<Export> exports, NbdRequestDecoder decoder) {
        this.options = new NbdOptions(exports);
        this.decoder = decoder;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ByteBuf greeting = ctx.alloc().directBuffer(18);
        greeting.writeLong(Nbd.SERVER_MAGIC)
                .writeLong(Nbd.OPTION_MAGIC)
                .writeShort(Nbd.FIXED_NEWSTYLE | Nbd.NO_ZEROES);
        ctx.writeAndFlush(greeting);
        ctx.channel().eventLoop().schedule(() -> giveUp(ctx), PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private void giveUp(ChannelHandlerContext ctx) {
        if (awaited != Awaited.NOTHING) {
            log.info("nbd: closing a connection: no export chosen in {} s", PATIENCE_SECONDS);
            ctx.close();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        boolean handedOn = false;
        try {
            while (awaited != Awaited.NOTHING && in.isReadable()) {
                if (awaited == Awaited.SKIP) {
                    skip(in);
                    continue;
                }
                filling.writeBytes(in, Math.min(in.readableBytes(), filling.writableBytes()));
                if (!filling.isWritable()) {
                    complete(ctx);
                }
            }
            if (ctx.isRemoved()) { // what is left are requests
                handedOn = true;
                ctx.fireChannelRead(in);
            }
        } finally {
            if (!handedOn) {
                in.release();
            }
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.flush();
        ctx.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        // who asks without listening to the answers is not asked for more questions
        ctx.channel().config().setAutoRead(ctx.channel().isWritable());
    }

    private void skip(ByteBuf in) {
        int bytes = (int) Math.min(skipBytes, in.readableBytes());
        in.skipBytes(bytes);
        skipBytes -= bytes;
        if (skipBytes == 0) {
            await(Awaited.OPTION, head.clear());
        }
    }

    private void complete(ChannelHandlerContext ctx) {
        switch (awaited) {
            case FLAGS -> flags();
            case OPTION -> option(ctx);
            case BODY -> answer(ctx);
            default -> throw new IllegalStateException("" + awaited);
        }
    }

    private void flags() {
        clientFlags = head.readInt();
        if ((clientFlags & ~(Nbd.FIXED_NEWSTYLE | Nbd.NO_ZEROES)) != 0) {
            throw new NbdProtocolException(
                    String.format("client flags: 0x%x (expected: at most bits 0, 1)", clientFlags));
        }
        await(Awaited.OPTION, head.clear().capacity(OPTION_BYTES));
    }

    private void option(ChannelHandlerContext ctx) {
        long magic = head.readLong();
        if (magic != Nbd.OPTION_MAGIC) {
            throw new NbdProtocolException(
                    String.format(
                            "option magic: 0x%016x (expected: 0x%016x)", magic, Nbd.OPTION_MAGIC));
        }
        option = head.readInt();
        long length = head.readUnsignedInt();
        boolean oldClient = (clientFlags & Nbd.FIXED_NEWSTYLE) == 0;
        if (option != Nbd.OPT_EXPORT_NAME && oldClient) {
            throw new NbdProtocolException(
                    "option: "
                            + option
                            + " without fixed newstyle (expected: "
                            + Nbd.OPT_EXPORT_NAME
                            + ")");
        }
        if (length > Nbd.MAX_PAYLOAD_BYTES
                || (option == Nbd.OPT_EXPORT_NAME && length > Nbd.MAX_STRING_BYTES)) {
            throw new NbdProtocolException(
                    "length of option "
                            + option
                            + ": "
                            + length
                            + " (expected: <= 32 MiB,"
                            + " a name <= 4096)");
        }
        if (length > MAX_BODY_BYTES) {
            ByteBuf out = ctx.alloc().directBuffer(64);
            NbdOptions.refuse(out, option, Nbd.REP_ERR_TOO_BIG, "too long");
            ctx.write(out);
            skipBytes = length;
            await(Awaited.SKIP, Unpooled.EMPTY_BUFFER);
        } else if (length > 0) {
            await(Awaited.BODY, ctx.alloc().directBuffer((int) length, (int) length));
        } else {
            await(Awaited.BODY, Unpooled.EMPTY_BUFFER);
            answer(ctx);
        }
    }

    private void answer(ChannelHandlerContext ctx) {
        ByteBuf out = ctx.alloc().directBuffer();
        NbdOptions.Next next =
                options.answer(option, filling, (clientFlags & Nbd.NO_ZEROES) != 0, out);
        filling.release();
        ctx.write(out);
        switch (next) {
            case OPTION -> await(Awaited.OPTION, head.clear());
            case CLOSE -> {
                await(Awaited.NOTHING, Unpooled.EMPTY_BUFFER);
                ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            }
            case TRANSMISSION -> {
                await(Awaited.NOTHING, Unpooled.EMPTY_BUFFER);
                ctx.pipeline()
                        .addLast(new NbdTransmission(options.session(), decoder, ctx.channel()))
                        .remove(this);
                ctx.flush();
            }
            default -> throw new IllegalStateException("" + next);
        }
    }

    private void await(Awaited next, ByteBuf into) {
        awaited = next;
        filling = into;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        drop();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        drop();
    }

    private void drop() {
        if (awaited == Awaited.BODY) {
            filling.release();
        }
        await(Awaited.NOTHING, Unpooled.EMPTY_BUFFER);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof NbdProtocolException) {
            log.info("nbd: closing a connection: {}", cause.getMessage());
        } else if (cause instanceof IOException) {
            log.debug("nbd: a connection is lost", cause);
        } else {
            log.error("nbd: a connection fails in its handshake", cause);
        }
        drop();
        ctx.close();
    }
}
