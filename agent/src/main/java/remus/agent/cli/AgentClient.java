package remus.agent.cli;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import remus.agent.api.Failure;
import remus.domain.DomainException;

/** Calls the agent of this host; what it refuses comes out as it was thrown there. */
final class AgentClient {
    static final String UNREACHABLE = "agent-unreachable";

    /** For calls that only look. */
    static final Duration LOOK = Duration.ofSeconds(10);

    /** For calls that wait for a guest or a peer. */
    static final Duration ACT = Duration.ofMinutes(2);

    private static final String START =
            "start it with `systemctl start remus` or `remus agent --config FILE`; if it listens"
                    + " elsewhere, give --socket";
    private static final String SERVICE = "/remus.control.v1.Control/";

    private final Path socket;

    AgentClient(Path socket) {
        this.socket = socket;
    }

    /**
     * One call.
     *
     * @param method as in control.proto
     * @throws DomainException what the agent refused; {@link #UNREACHABLE} if there is none; {@code
     *     agent-silent} if it did not answer in time; {@code bad-answer}
     */
    <T extends Message> T call(
            String method, Message request, Parser<T> parser, Duration patience) {
        UnixHttp.Answer answer;
        try {
            answer = UnixHttp.post(socket, SERVICE + method, request.toByteArray(), patience);
        } catch (SocketTimeoutException silent) {
            throw new DomainException(
                    "agent-silent",
                    "the agent gave no answer to "
                            + method
                            + " within "
                            + patience.toSeconds()
                            + " s",
                    "see `remus status`: the request may still be carried out; if that hangs too,"
                            + " see the agent's log",
                    silent);
        } catch (UnixHttp.BadAnswerException bad) {
            throw badAnswer(bad.getMessage(), bad);
        } catch (IOException cause) {
            throw unreachable(cause);
        }
        try {
            if (answer.status() == 200) {
                return parser.parseFrom(answer.body());
            }
            Failure failure = Failure.parseFrom(answer.body());
            if (failure.getCode().isEmpty()) {
                throw badAnswer("it answers with HTTP status " + answer.status(), null);
            }
            throw new DomainException(
                    failure.getCode(), failure.getProblem(), failure.getCorrection());
        } catch (InvalidProtocolBufferException cause) {
            throw badAnswer("its answer is no message of remus.control.v1", cause);
        }
    }

    private DomainException badAnswer(@Nullable String problem, @Nullable Exception cause) {
        return new DomainException(
                "bad-answer",
                "what listens at " + socket + " is no agent of this version: " + problem,
                "give the agent's socket with --socket, and use the command of the agent's version",
                cause == null ? new IOException(problem) : cause);
    }

    private DomainException unreachable(IOException cause) {
        Path directory = socket.toAbsolutePath().getParent();
        boolean closed =
                Files.exists(socket)
                        ? !Files.isWritable(socket)
                        : Files.exists(directory) && !Files.isExecutable(directory);
        if (closed) {
            return new DomainException(
                    UNREACHABLE,
                    "you may not use the agent's socket " + socket,
                    "run this as the agent's user, for instance with sudo",
                    cause);
        }
        if (!Files.exists(socket)) {
            return new DomainException(
                    UNREACHABLE,
                    "no agent runs on this host (there is no " + socket + ")",
                    START,
                    cause);
        }
        return new DomainException(
                UNREACHABLE,
                "no agent answers at " + socket + " (" + cause.getMessage() + ")",
                "start it with `systemctl start remus`, or `remus agent --config FILE`; if it"
                        + " listens elsewhere, give --socket",
                cause);
    }
}
