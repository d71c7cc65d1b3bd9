package remus.agent.control;

import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;
import remus.agent.api.CheckRequest;
import remus.agent.api.CheckResponse;
import remus.agent.api.ControlGrpc;
import remus.agent.api.FailoverRequest;
import remus.agent.api.FailoverResponse;
import remus.agent.api.GetVersionRequest;
import remus.agent.api.GetVersionResponse;
import remus.agent.api.ListDomainsRequest;
import remus.agent.api.ListDomainsResponse;
import remus.agent.api.ProtectRequest;
import remus.agent.api.ProtectResponse;
import remus.agent.api.StatusRequest;
import remus.agent.api.StatusResponse;
import remus.agent.api.TuneRequest;
import remus.agent.api.TuneResponse;
import remus.agent.api.UnprotectRequest;
import remus.agent.api.UnprotectResponse;

/** control.proto: examines what arrives, asks {@link Operations}, and says what failed. */
final class ControlService extends ControlGrpc.ControlImplBase {
    private final Operations operations;

    ControlService(Operations operations) {
        this.operations = operations;
    }

    @Override
    public void getVersion(GetVersionRequest request, StreamObserver<GetVersionResponse> to) {
        answer("GetVersion", to, () -> operations.getVersion(request));
    }

    @Override
    public void listDomains(ListDomainsRequest request, StreamObserver<ListDomainsResponse> to) {
        answer("ListDomains", to, () -> operations.listDomains(request));
    }

    @Override
    public void check(CheckRequest request, StreamObserver<CheckResponse> to) {
        answer("Check", to, () -> operations.check(RequestRules.examine(request)));
    }

    @Override
    public void protect(ProtectRequest request, StreamObserver<ProtectResponse> to) {
        answer("Protect", to, () -> operations.protect(RequestRules.examine(request)));
    }

    @Override
    public void unprotect(UnprotectRequest request, StreamObserver<UnprotectResponse> to) {
        answer(
                "Unprotect",
                to,
                () -> {
                    RequestRules.name("group", request.getGroup());
                    return operations.unprotect(request);
                });
    }

    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> to) {
        answer(
                "Status",
                to,
                () -> {
                    if (!request.getGroup().isEmpty()) {
                        RequestRules.name("group", request.getGroup());
                    }
                    return operations.status(request);
                });
    }

    @Override
    public void tune(TuneRequest request, StreamObserver<TuneResponse> to) {
        answer("Tune", to, () -> operations.tune(RequestRules.examine(request)));
    }

    @Override
    public void failover(FailoverRequest request, StreamObserver<FailoverResponse> to) {
        answer(
                "Failover",
                to,
                () -> {
                    RequestRules.name("group", request.getGroup());
                    return operations.failover(request);
                });
    }

    private static <T> void answer(String call, StreamObserver<T> to, Supplier<T> operation) {
        T response;
        try {
            response = operation.get();
        } catch (RuntimeException cause) {
            to.onError(Failures.toStatus(call, cause));
            return;
        } catch (Error cause) {
            // Armeria would answer "unknown" and say nothing; the caller must learn of it, and the
            // log
            to.onError(Failures.toStatus(call, new IllegalStateException(cause)));
            throw cause;
        }
        to.onNext(response);
        to.onCompleted();
    }
}
