package remus.testkit.e2e;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Arrays;

/** One call of an agent's control API, without the start of a command line for each look. */
final class ControlCall {
    private static final int LIMIT_BYTES = 1 << 20;

    private ControlCall() {}

    static <T> T post(Path socket, String method, MessageLite request, Parser<T> parser) {
        byte[] body = request.toByteArray();
        String head =
                "POST /remus.control.v1.Control/"
                        + method
                        + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/protobuf\r\n"
                        + "Connection: close\r\nContent-Length: "
                        + body.length
                        + "\r\n\r\n";
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            ByteBuffer out = ByteBuffer.allocate(head.length() + body.length);
            out.put(head.getBytes(ISO_8859_1)).put(body).flip();
            while (out.hasRemaining()) {
                channel.write(out);
            }
            return answer(channel, parser);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static <T> T answer(SocketChannel channel, Parser<T> parser)
            throws IOException, InvalidProtocolBufferException {
        ByteBuffer in = ByteBuffer.allocate(LIMIT_BYTES);
        int head = -1;
        int length = 0;
        while (head < 0 || in.position() < head + length) {
            if (channel.read(in) < 0) {
                throw new IOException("the agent closed the connection");
            }
            if (head < 0) {
                String text = new String(in.array(), 0, in.position(), ISO_8859_1);
                int end = text.indexOf("\r\n\r\n");
                if (end >= 0) {
                    head = end + 4;
                    length = length(text.substring(0, end + 2));
                }
            }
        }
        return parser.parseFrom(Arrays.copyOfRange(in.array(), head, head + length));
    }

    private static int length(String head) throws IOException {
        if (!head.startsWith("HTTP/1.1 200")) {
            throw new IOException(head);
        }
        return head.lines()
                .filter(
                        line ->
                                line.toLowerCase(java.util.Locale.ROOT)
                                        .startsWith("content-length:"))
                .mapToInt(line -> Integer.parseInt(line.substring(15).trim()))
                .findFirst()
                .orElseThrow(() -> new IOException("no length: " + head));
    }
}
