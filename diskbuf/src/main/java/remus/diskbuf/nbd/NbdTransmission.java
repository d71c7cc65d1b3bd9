package remus.diskbuf.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection after its handshake: takes requests while its limits allow, has the export do
 * them, and sends the replies as they come.
 *
 * <p>At a limit (requests or bytes in flight, or replies that the client does not fetch) the socket
 * is not read. What the export completes within the call is answered at once, and all such replies
 * leave with one flush when everything that was read is looked at. What it completes later, on any
 * thread, comes back through a queue. Requests are used again: a busy connection allocates nothing
 * but pooled buffers.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures end the channel
final class NbdTransmission extends ChannelInboundHandlerAdapter {
    /** Requests in flight. */
    static final int MAX_REQUESTS = 256;

    /** Bytes of payload in flight, of writes and reads together. */
    static final long MAX_BYTES_IN_FLIGHT = 2L * Nbd.MAX_PAYLOAD_BYTES;

    private static final Logger log = LoggerFactory.getLogger(NbdTransmission.class);

    private final NbdSession session;
    private final NbdRequestDecoder decoder;
    private final Channel channel;
    private final NbdReplies replies;
    private final Runnable drain = this::drain;

    /** A stack; the one who makes it non-empty schedules {@link #drain}. */
    private final AtomicReference<@Nullable NbdRequest> completedLater = new AtomicReference<>();

    // the rest belongs to the I/O thread
    private final ArrayDeque<NbdRequest> free = new ArrayDeque<>();
    private @Nullable NbdRequest current;
    private boolean begun;
    private int inFlight;
    private long bytesInFlight;
    private boolean pumping;
    private boolean ending;
    private boolean closed;

    NbdTransmission(NbdSession session, NbdRequestDecoder decoder, Channel channel) {
        this.session = session;
        this.decoder = decoder;
        this.channel = channel;
        replies = new NbdReplies(channel, session.structured());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        decoder.feed((ByteBuf) message);
        if (ending || closed) {
            decoder.close();
        } else {
            pump();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        replies.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (channel.isWritable() && !pumping) {
            pump();
            replies.flush();
        }
    }

    /** Takes requests out of what was read, while the limits allow. */
    private void pump() {
        pumping = true;
        boolean atLimit = false;
        try {
            while (!ending && !closed) {
                NbdRequest request = current != null ? current : nextHeader();
                if (request == null) {
                    break;
                }
                if (!begun && !begin(request)) {
                    atLimit = true;
                    break;
                }
                if (!decoder.isWhole()) {
                    break;
                }
                current = null;
                dispatch(request);
            }
        } finally {
            pumping = false;
        }
        if (ending && inFlight == 0 && !closed) {
            replies.flush();
            channel.close();
        }
        if (channel.config().isAutoRead() == (atLimit || ending)) {
            channel.config().setAutoRead(!atLimit && !ending);
        }
    }

    private @Nullable NbdRequest nextHeader() {
        NbdRequest request = free.isEmpty() ? new NbdRequest(this) : free.pop();
        if (!decoder.header(request)) {
            free.push(request);
            return null;
        }
        NbdCommand command = request.command;
        request.error = command == null ? NbdError.EINVAL : command.check(request, session);
        current = request;
        begun = false;
        return request;
    }

    /** Has the payload come, unless that would pass a limit. */
    private boolean begin(NbdRequest request) {
        boolean carries = request.command == NbdCommand.WRITE && request.length > 0;
        boolean data = request.error == null && (carries || request.command == NbdCommand.READ);
        long bytes = data ? request.length : 0;
        if (!admits(bytes)) {
            replies.flush(); // which may make the channel writable again
            if (!admits(bytes)) {
                return false;
            }
        }
        inFlight++;
        bytesInFlight += bytes;
        request.countedBytes = bytes;
        begun = true;
        if (carries && request.error != null) {
            decoder.beginSkip(request.length);
        } else if (carries) {
            decoder.beginPayload((int) request.length, channel.alloc());
        }
        return true;
    }

    private boolean admits(long bytes) {
        return inFlight < MAX_REQUESTS
                && bytesInFlight + bytes <= MAX_BYTES_IN_FLIGHT
                && channel.isWritable();
    }

    private void dispatch(NbdRequest request) {
        NbdCommand command = request.command;
        request.handOver();
        NbdError wrong = request.error;
        if (wrong != null || command == null) {
            request.fail(wrong == null ? NbdError.EINVAL : wrong);
            return;
        }
        switch (command) {
            case DISC -> {
                ending = true;
                decoder.close();
                retire(request);
            }
            case FLUSH -> session.export().flush(request);
            default -> {
                if (request.length == 0) {
                    request.done();
                } else {
                    perform(command, request);
                }
            }
        }
    }

    private void perform(NbdCommand command, NbdRequest request) {
        Export export = session.export();
        long offset = request.offset;
        long length = request.length;
        boolean durable = request.has(Nbd.FUA);
        switch (command) {
            case READ -> {
                int bytes = NbdReplies.READ_ROOM + (int) length;
                ByteBuf reply = channel.alloc().directBuffer(bytes, bytes);
                request.reply = reply.writerIndex(NbdReplies.READ_ROOM);
                export.read(offset, (int) length, reply, request);
            }
            case WRITE -> {
                ByteBuf payload = decoder.takePayload();
                if (payload == null) {
                    throw new IllegalStateException("a write without its payload");
                }
                export.write(offset, payload, durable, request);
            }
            case WRITE_ZEROES ->
                    export.zero(
                            offset,
                            length,
                            !request.has(Nbd.NO_HOLE),
                            request.has(Nbd.FAST_ZERO),
                            durable,
                            request);
            case TRIM -> export.trim(offset, length, durable, request);
            case CACHE -> export.cache(offset, length, request);
            case BLOCK_STATUS -> {
                int most = request.has(Nbd.REQ_ONE) ? 1 : Extents.MAX_EXTENTS;
                int bytes = NbdReplies.STATUS_ROOM + Extents.EXTENT_BYTES * most;
                ByteBuf reply = channel.alloc().directBuffer(Math.min(bytes, 512), bytes);
                request.reply = reply.writerIndex(NbdReplies.STATUS_ROOM);
                Extents found = new Extents(reply, length, most);
                request.extents = found;
                export.status(offset, length, found, request);
            }
            default -> throw new IllegalStateException(command + " has no range");
        }
    }

    /** The export is done with {@code request}; on any thread. */
    void completed(NbdRequest request) {
        if (channel.eventLoop().inEventLoop() && pumping) {
            answer(request);
            return;
        }
        NbdRequest last;
        do {
            last = completedLater.get();
            request.next = last;
        } while (!completedLater.compareAndSet(last, request));
        if (last == null) {
            try {
                channel.eventLoop().execute(drain);
            } catch (RejectedExecutionException ended) {
                log.debug("nbd: a request outlived its connection's thread", ended);
                dropCompleted();
            }
        }
    }

    private void dropCompleted() {
        NbdRequest request = completedLater.getAndSet(null);
        while (request != null) {
            NbdRequest next = request.next;
            request.recycle();
            request = next;
        }
    }

    /** Answers what was completed later. */
    private void drain() {
        try {
            NbdRequest request = completedLater.getAndSet(null);
            while (request != null) {
                NbdRequest next = request.next;
                answer(request);
                request = next;
            }
            if (!closed) {
                pump();
                replies.flush();
            }
        } catch (RuntimeException e) {
            failed(e);
        }
    }

    private void answer(NbdRequest request) {
        if (!closed) {
            if (request.error == null && !isComplete(request)) {
                log.error("bug: the export did not answer a {} as a whole", request.command);
                request.error = NbdError.EIO;
            }
            replies.write(request);
        }
        retire(request);
    }

    /** What is sent must have the length that its header says. */
    private static boolean isComplete(NbdRequest request) {
        ByteBuf reply = request.reply;
        Extents extents = request.extents;
        return extents != null
                ? !extents.isEmpty()
                : reply == null || reply.writerIndex() == NbdReplies.READ_ROOM + request.length;
    }

    private void retire(NbdRequest request) {
        inFlight--;
        bytesInFlight -= request.countedBytes;
        request.recycle();
        free.push(request);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closed = true;
        decoder.close();
        replies.close();
        NbdRequest partial = current;
        if (partial != null) {
            partial.recycle();
            current = null;
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        failed(cause);
    }

    private void failed(Throwable cause) {
        if (cause instanceof NbdProtocolException) {
            log.info("nbd: closing a connection: {}", cause.getMessage());
        } else if (cause instanceof IOException) {
            log.debug("nbd: a connection is lost", cause);
        } else {
            log.error("nbd: a connection fails", cause);
        }
        ending = true;
        decoder.close();
        channel.close();
    }
}
