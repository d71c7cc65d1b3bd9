package remus.agent.daemon;

import remus.agent.Version;
import remus.agent.api.CheckRequest;
import remus.agent.api.CheckResponse;
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
import remus.agent.config.AgentConfig;
import remus.agent.control.Operations;
import remus.domain.DomainException;

/** An agent without engines: it can be started and asked, and refuses to protect. */
final class HostOperations implements Operations {
    private final AgentConfig config;

    HostOperations(AgentConfig config) {
        this.config = config;
    }

    @Override
    public void adopt() {
        // nothing can have been left behind: nothing was ever begun
    }

    @Override
    public GetVersionResponse getVersion(GetVersionRequest request) {
        return GetVersionResponse.newBuilder()
                .setVersion(Version.CURRENT)
                .setHost(config.name())
                .build();
    }

    @Override
    public StatusResponse status(StatusRequest request) {
        if (!request.getGroup().isEmpty()) {
            throw new DomainException(
                    "unknown-group",
                    "there is no group " + request.getGroup() + " on this host",
                    "`remus status` lists the groups");
        }
        return StatusResponse.newBuilder()
                .setHost(config.name())
                .setTimeUnixMillis(System.currentTimeMillis())
                .build();
    }

    @Override
    public ListDomainsResponse listDomains(ListDomainsRequest request) {
        throw noEngine();
    }

    @Override
    public CheckResponse check(CheckRequest request) {
        throw noEngine();
    }

    @Override
    public ProtectResponse protect(ProtectRequest request) {
        throw noEngine();
    }

    @Override
    public UnprotectResponse unprotect(UnprotectRequest request) {
        throw noEngine();
    }

    @Override
    public TuneResponse tune(TuneRequest request) {
        throw noEngine();
    }

    @Override
    public FailoverResponse failover(FailoverRequest request) {
        throw noEngine();
    }

    @Override
    public void close() {
        // holds nothing
    }

    private static DomainException noEngine() {
        return new DomainException(
                "no-engine", "this build has no replication engine", "use a build that has one");
    }
}
