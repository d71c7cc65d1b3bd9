package remus.agent.control;

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

/**
 * What an agent can be asked to do, one method per call of control.proto.
 *
 * <p>Calls are synchronous and may block; several run at once on threads of their own. Requests
 * have passed {@link RequestRules}: their names are safe in paths and within bounds. A call that
 * cannot be done throws {@link remus.domain.DomainException}, which the caller is shown as problem
 * and correction; any other exception is taken for a bug and logged.
 */
public interface Operations extends AutoCloseable {

    /**
     * Looks after what a former agent left behind: a guest that it left suspended is resumed here
     * if the record says that it may run. Called once, before anything else and before the control
     * socket exists, so it must not wait for peers. If it throws, the agent does not start.
     */
    void adopt();

    /** Which agent this is. */
    GetVersionResponse getVersion(GetVersionRequest request);

    /** What runs here and can be protected, or why it cannot. */
    ListDomainsResponse listDomains(ListDomainsRequest request);

    /** Examines every condition of protecting, changes nothing. */
    CheckResponse check(CheckRequest request);

    /** Starts protection and returns; {@link #status} shows how far it is. */
    ProtectResponse protect(ProtectRequest request);

    /** Lets go; returns when the guests are as they were found. */
    UnprotectResponse unprotect(UnprotectRequest request);

    /** The state of one group ({@code unknown-group} if there is none), or of all. Never waits. */
    StatusResponse status(StatusRequest request);

    /** Changes the interval of a running protection. */
    TuneResponse tune(TuneRequest request);

    /** Activates the standby kept here; returns when the guests run. */
    FailoverResponse failover(FailoverRequest request);

    /**
     * Ends in order, leaving every guest running. Called once, after the last call has returned.
     */
    @Override
    void close();
}
