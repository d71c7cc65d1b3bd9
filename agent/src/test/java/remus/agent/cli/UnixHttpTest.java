package remus.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import remus.agent.api.GetVersionRequest;
import remus.agent.api.GetVersionResponse;
import remus.domain.DomainException;

/** Whatever listens at the socket, the command ends with one clear sentence. */
@Timeout(20)
final class UnixHttpTest {
    @TempDir Path directory;

    @Test
    void refusesAnOversizedContentLengthBeforeAllocating() throws Exception {
        assertBadAnswer(
                "HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\n",
                "announces 4000000000 bytes");
    }

    @Test
    void refusesTwoContentLengths() throws Exception {
        assertBadAnswer(
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 2\r\n\r\nab",
                "more than one");
    }

    @Test
    void refusesAnAnswerWithoutContentLength() throws Exception {
        assertBadAnswer(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "no Content-Length");
    }

    @Test
    void refusesATruncatedBody() throws Exception {
        assertBadAnswer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "before byte 3 of 10");
    }

    @Test
    void refusesATruncatedHead() throws Exception {
        assertBadAnswer("HTTP/1.1 200 OK\r\n", "before the head");
    }

    @Test
    void refusesWhatIsNotHttp() throws Exception {
        assertBadAnswer("{\"QMP\": {}}\r\n\r\n", "does not speak HTTP/1.1");
    }

    @Test
    void refusesAnEndlessHead() throws Exception {
        assertBadAnswer("HTTP/1.1 200 OK\r\nX: " + "x".repeat(20_000), "exceeds 16384 bytes");
    }

    @Test
    void refusesABodyThatIsNoMessage() throws Exception {
        assertBadAnswer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\377\377\377", "no message");
    }

    @Test
    void refusesAForeignErrorPage() throws Exception {
        assertBadAnswer("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "HTTP status 502");
    }

    @Test
    void doesNotWaitForEver() throws Exception {
        Path socket = directory.resolve("s");
        try (ServerSocketChannel silent = listen(socket)) {
            assertThat(silent.isOpen()).isTrue();
            DomainException refused = refusal(() -> call(socket, Duration.ofMillis(200)));
            assertThat(refused.code()).isEqualTo("agent-silent");
        }
    }

    private void assertBadAnswer(String answer, String expected) throws Exception {
        Path socket = directory.resolve("s");
        try (ServerSocketChannel server = listen(socket)) {
            Thread garbage = new Thread(() -> answer(server, answer), "garbage");
            garbage.start();
            DomainException refused = refusal(() -> call(socket, Duration.ofSeconds(10)));
            garbage.join();
            assertThat(refused.code()).isEqualTo("bad-answer");
            assertThat(refused).hasMessageContaining(expected);
        }
    }

    private static DomainException refusal(ThrowingCallable call) {
        Throwable thrown = catchThrowable(call);
        assertThat(thrown).isInstanceOf(DomainException.class);
        return (DomainException) thrown;
    }

    private static GetVersionResponse call(Path socket, Duration patience) {
        return new AgentClient(socket)
                .call(
                        "GetVersion",
                        GetVersionRequest.getDefaultInstance(),
                        GetVersionResponse.parser(),
                        patience);
    }

    private static ServerSocketChannel listen(Path socket) throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(socket));
    }

    private static void answer(ServerSocketChannel server, String answer) {
        try (SocketChannel connection = server.accept()) {
            connection.read(ByteBuffer.allocate(4096));
            connection.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.ISO_8859_1)));
        } catch (IOException closedByTheClient) {
            assertThat(closedByTheClient).hasMessageContaining("pipe");
        }
    }
}
