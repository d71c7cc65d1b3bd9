package remus.agent.control;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.Code;
import com.google.rpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.agent.api.Failure;
import remus.domain.DomainException;

/** What went wrong, as a gRPC status whose details hold a {@link Failure}. */
final class Failures {
    static final String DETAILS_HEADER = "grpc-status-details-bin";
    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

    private Failures() {}

    static StatusRuntimeException toStatus(String call, RuntimeException cause) {
        if (cause instanceof DomainException refused) {
            String problem = String.valueOf(refused.getMessage());
            return toStatus(code(refused.code()), refused.code(), problem, refused.correction());
        }
        LOG.error("bug call={}", call, cause);
        return toStatus(
                Code.INTERNAL,
                "internal-error",
                call + " met a bug in the agent: " + cause,
                "report it with the agent's log, which holds the details; the guests are not"
                        + " affected by this call");
    }

    /** The failure that a response carries in its details, or null. */
    static @Nullable Failure parse(@Nullable String detailsHeader) {
        if (detailsHeader == null) {
            return null;
        }
        try {
            Status status = Status.parseFrom(Base64.getDecoder().decode(detailsHeader));
            return status.getDetailsCount() == 0
                    ? null
                    : status.getDetails(0).unpack(Failure.class);
        } catch (InvalidProtocolBufferException | IllegalArgumentException foreign) {
            LOG.debug("details of a status are not ours", foreign);
            return null;
        }
    }

    private static Code code(String code) {
        if (code.startsWith("unknown-")) {
            return Code.NOT_FOUND;
        }
        return code.startsWith("invalid-") ? Code.INVALID_ARGUMENT : Code.FAILED_PRECONDITION;
    }

    private static StatusRuntimeException toStatus(
            Code status, String code, String problem, String correction) {
        Failure failure =
                Failure.newBuilder()
                        .setCode(code)
                        .setProblem(problem)
                        .setCorrection(correction)
                        .build();
        return StatusProto.toStatusRuntimeException(
                Status.newBuilder()
                        .setCode(status.getNumber())
                        .setMessage(code + ": " + problem)
                        .addDetails(Any.pack(failure))
                        .build());
    }
}
