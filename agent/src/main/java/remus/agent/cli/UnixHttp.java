package remus.agent.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One HTTP/1.1 exchange over a unix socket, with a deadline: all that the command line needs of
 * HTTP, in a hundred lines instead of a client that takes a second to load. The answer is read by
 * its Content-Length (RFC 9112, 6.2); other framings are refused.
 */
final class UnixHttp {
    static final int MAX_HEAD_BYTES = 16 << 10;
    static final int MAX_BODY_BYTES = 8 << 20;
    private static final int END_OF_HEAD = 0x0d0a0d0a; // CR LF CR LF
    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.1 (\\d{3})( [^\r\n]*)?");
    private static final Pattern LENGTH =
            Pattern.compile("(?i)\r\ncontent-length:[ \t]*(\\d{1,10})[ \t]*(?=\r\n)");

    /**
     * What came back.
     *
     * @param status of HTTP, 200 for success
     */
    record Answer(int status, ByteBuffer body) {}

    /** The other side does not speak as an agent does. */
    static final class BadAnswerException extends IOException {
        private static final long serialVersionUID = 1L;

        BadAnswerException(String problem) {
            super(problem);
        }
    }

    private final Path socket;
    private final long deadlineNanos;

    private UnixHttp(Path socket, Duration patience) {
        this.socket = socket;
        this.deadlineNanos = System.nanoTime() + patience.toNanos();
    }

    /**
     * Posts a body.
     *
     * @throws BadAnswerException if what came back is no answer of an agent
     * @throws SocketTimeoutException if it did not come in time
     * @throws IOException as of {@link SocketChannel#open(java.net.SocketAddress)}
     */
    static Answer post(Path socket, String target, byte[] body, Duration patience)
            throws IOException {
        return new UnixHttp(socket, patience).post(target, body);
    }

    private Answer post(String target, byte[] body) throws IOException {
        String head =
                "POST "
                        + target
                        + " HTTP/1.1\r\n"
                        + "Host: localhost\r\n"
                        + "Content-Type: application/protobuf\r\n"
                        + "Content-Length: "
                        + body.length
                        + "\r\n\r\n";
        ByteBuffer request = ByteBuffer.allocate(head.length() + body.length);
        request.put(head.getBytes(ISO_8859_1)).put(body).flip();
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                Selector selector = Selector.open()) {
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_WRITE);
            while (request.hasRemaining()) {
                if (channel.write(request) == 0) {
                    await(selector);
                }
            }
            key.interestOps(SelectionKey.OP_READ);
            return read(channel, selector);
        }
    }

    private Answer read(SocketChannel channel, Selector selector) throws IOException {
        byte[] first = new byte[MAX_HEAD_BYTES];
        ByteBuffer in = ByteBuffer.wrap(first);
        int headBytes;
        while ((headBytes = endOfHead(in)) < 0) {
            if (!in.hasRemaining()) {
                throw new BadAnswerException(
                        "the head of its answer exceeds " + MAX_HEAD_BYTES + " bytes");
            }
            receive(channel, selector, in, "the head of its answer");
        }
        String head = new String(first, 0, headBytes, ISO_8859_1);
        int status = status(head);
        int length = contentLength(head);
        ByteBuffer body = ByteBuffer.allocate(length);
        int already = Math.min(length, in.position() - headBytes);
        body.put(first, headBytes, already);
        while (body.hasRemaining()) {
            receive(
                    channel,
                    selector,
                    body,
                    "byte " + body.position() + " of " + length + " of its answer");
        }
        return new Answer(status, body.flip());
    }

    private static int endOfHead(ByteBuffer in) {
        for (int at = 0; at + 4 <= in.position(); at++) {
            if (in.getInt(at) == END_OF_HEAD) {
                return at + 4;
            }
        }
        return -1;
    }

    private static int status(String head) throws BadAnswerException {
        Matcher line = STATUS_LINE.matcher(head.substring(0, head.indexOf("\r\n")));
        if (!line.matches()) {
            throw new BadAnswerException("it does not speak HTTP/1.1");
        }
        return Integer.parseInt(line.group(1));
    }

    private static int contentLength(String head) throws BadAnswerException {
        Matcher length = LENGTH.matcher(head);
        if (!length.find()) {
            throw new BadAnswerException("its answer has no Content-Length");
        }
        long value = Long.parseLong(length.group(1));
        if (length.find()) {
            throw new BadAnswerException("its answer has more than one Content-Length");
        }
        if (value > MAX_BODY_BYTES) {
            throw new BadAnswerException(
                    "its answer announces " + value + " bytes, allowed are " + MAX_BODY_BYTES);
        }
        return (int) value;
    }

    private void receive(SocketChannel channel, Selector selector, ByteBuffer into, String where)
            throws IOException {
        int count = channel.read(into);
        if (count < 0) {
            throw new BadAnswerException("it closed the connection before " + where);
        }
        if (count == 0) {
            await(selector);
        }
    }

    private void await(Selector selector) throws IOException {
        long leftMillis = (deadlineNanos - System.nanoTime()) / 1_000_000;
        if (leftMillis <= 0) {
            throw new SocketTimeoutException(socket + " gave no answer in time");
        }
        selector.select(leftMillis);
        selector.selectedKeys().clear();
        if (Thread.currentThread().isInterrupted()) {
            throw new java.io.InterruptedIOException("interrupted");
        }
    }
}
