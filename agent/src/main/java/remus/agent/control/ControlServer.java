package remus.agent.control;

import com.linecorp.armeria.common.AggregatedHttpResponse;
import com.linecorp.armeria.common.HttpData;
import com.linecorp.armeria.common.HttpResponse;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.MediaType;
import com.linecorp.armeria.common.grpc.GrpcSerializationFormats;
import com.linecorp.armeria.common.util.BlockingTaskExecutor;
import com.linecorp.armeria.common.util.DomainSocketAddress;
import com.linecorp.armeria.common.util.EventLoopGroups;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.grpc.GrpcService;
import io.grpc.Status;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.agent.api.Failure;
import remus.domain.DomainException;

/**
 * The control socket. Whoever can open it can do everything, so nobody but the agent's user can: it
 * is made inside a directory that only its owner may enter.
 */
public final class ControlServer implements AutoCloseable {
    /** Its name in the run directory. */
    public static final String SOCKET = "control.sock";

    private static final int MAX_REQUEST_BYTES = 64 << 10;
    private static final int MAX_CONNECTIONS = 64;
    private static final int CALL_THREADS = 16;
    private static final int CALLS_END_SECONDS = 5;

    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    private final Server server;
    private final EventLoopGroup io;
    private final BlockingTaskExecutor calls;
    private final Path socket;

    private ControlServer(
            Server server, EventLoopGroup io, BlockingTaskExecutor calls, Path socket) {
        this.server = server;
        this.io = io;
        this.calls = calls;
        this.socket = socket;
    }

    /**
     * Listens; the caller holds the lock that makes it the only agent, so that an existing socket
     * is a dead one.
     *
     * @throws DomainException {@code run-dir-open}, {@code socket-failed}
     */
    public static ControlServer start(Path runDir, Operations operations) {
        RunDirectory.prepare(runDir);
        Path socket = runDir.resolve(SOCKET);
        BlockingTaskExecutor calls =
                BlockingTaskExecutor.builder()
                        .numThreads(CALL_THREADS)
                        .threadNamePrefix("control-call")
                        .build();
        EventLoopGroup io = EventLoopGroups.newEventLoopGroup(1, "control-io");
        Server server =
                Server.builder()
                        .http(DomainSocketAddress.of(socket))
                        .workerGroup(io, false)
                        .blockingTaskExecutor(calls, true)
                        .maxNumConnections(MAX_CONNECTIONS)
                        .maxRequestLength(MAX_REQUEST_BYTES)
                        // a failover takes as long as it takes: the caller decides how long to wait
                        .requestTimeoutMillis(0)
                        .gracefulShutdownTimeout(Duration.ZERO, Duration.ofSeconds(5))
                        .service(
                                GrpcService.builder()
                                        .addService(new ControlService(operations))
                                        // JSON would load a code generator at the start
                                        .supportedSerializationFormats(
                                                GrpcSerializationFormats.PROTO)
                                        .enableUnframedRequests(true)
                                        .unframedGrpcErrorHandler(
                                                (context, status, response) ->
                                                        refuse(status, response))
                                        .useBlockingTaskExecutor(true)
                                        .maxRequestMessageLength(MAX_REQUEST_BYTES)
                                        .build())
                        .build();
        try {
            Files.deleteIfExists(socket);
            server.start().join();
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException | CompletionException cause) {
            calls.shutdownNow();
            stop(io);
            throw new DomainException(
                    "socket-failed",
                    "the control socket " + socket + " cannot be made: " + cause.getMessage(),
                    "give run-dir a directory that the agent may write, with a path of at most 90"
                            + " characters",
                    cause);
        }
        return new ControlServer(server, io, calls, socket);
    }

    /** Where it listens. */
    public Path socket() {
        return socket;
    }

    /** Takes no more calls and waits for those under way, at most a few seconds. */
    @Override
    public void close() {
        // not waited for: its acceptor's quiet period of two seconds holds nothing
        CompletableFuture<Void> unused = server.stop();
        calls.shutdown();
        try {
            if (!calls.awaitTermination(CALLS_END_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("calls-cut-off afterSeconds={}", CALLS_END_SECONDS);
            }
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
        stop(io);
        try {
            Files.deleteIfExists(socket);
        } catch (IOException stays) {
            // the next agent removes it
            LOG.warn("control-socket-stays path={}", socket, stays);
        }
    }

    /** Without the quiet period of two seconds: no call is left. */
    private static void stop(EventLoopGroup io) {
        io.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static HttpResponse refuse(Status status, AggregatedHttpResponse response) {
        String details = response.trailers().get(Failures.DETAILS_HEADER);
        if (details == null) {
            details = response.headers().get(Failures.DETAILS_HEADER);
        }
        Failure failure = Failures.parse(details);
        if (failure == null) {
            failure =
                    Failure.newBuilder()
                            .setCode("invalid-request")
                            .setProblem(
                                    "the agent refused the request: "
                                            + status.getCode()
                                            + (status.getDescription() == null
                                                    ? ""
                                                    : ", " + status.getDescription()))
                            .setCorrection(
                                    "use a client of the agent's own version (`remus version`)")
                            .build();
        }
        return HttpResponse.of(
                httpStatus(status.getCode()),
                MediaType.PROTOBUF,
                HttpData.wrap(failure.toByteArray()));
    }

    private static HttpStatus httpStatus(Status.Code code) {
        return switch (code) {
            case NOT_FOUND -> HttpStatus.NOT_FOUND;
            case INVALID_ARGUMENT -> HttpStatus.BAD_REQUEST;
            case FAILED_PRECONDITION -> HttpStatus.CONFLICT;
            case UNIMPLEMENTED -> HttpStatus.NOT_IMPLEMENTED;
            default -> HttpStatus.INTERNAL_SERVER_ERROR;
        };
    }
}
