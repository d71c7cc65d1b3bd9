package remus.agent.control;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import remus.agent.api.CheckRequest;
import remus.agent.api.CheckResponse;
import remus.agent.api.DomainRow;
import remus.agent.api.FailoverRequest;
import remus.agent.api.FailoverResponse;
import remus.agent.api.Finding;
import remus.agent.api.GetVersionRequest;
import remus.agent.api.GetVersionResponse;
import remus.agent.api.GroupStatus;
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
import remus.domain.DomainException;

/** An agent of two guests whose protection goes through the given states, one per look. */
public final class FakeOperations implements Operations {
    /** What was asked, in order. */
    public final List<String> calls = Collections.synchronizedList(new ArrayList<>());

    private final Deque<GroupStatus> states = new ArrayDeque<>();

    /** The states to come; the last one stays. */
    public synchronized FakeOperations then(GroupStatus.Builder... next) {
        for (GroupStatus.Builder state : next) {
            states.add(state.build());
        }
        return this;
    }

    @Override
    public void adopt() {
        calls.add("adopt");
    }

    @Override
    public GetVersionResponse getVersion(GetVersionRequest request) {
        return GetVersionResponse.newBuilder()
                .setVersion("9.9")
                .setHost("hostA")
                .setProtocolMin(1)
                .setProtocolMax(2)
                .build();
    }

    @Override
    public ListDomainsResponse listDomains(ListDomainsRequest request) {
        return ListDomainsResponse.newBuilder()
                .addDomains(
                        DomainRow.newBuilder()
                                .setName("web1")
                                .setState("running")
                                .setPid(42)
                                .setMemoryBytes(512L << 20)
                                .setHypervisor("qemu")
                                .setProtectable(true)
                                .setGroup("web1"))
                .addDomains(
                        DomainRow.newBuilder()
                                .setName("db1")
                                .setState("running")
                                .setPid(43)
                                .setMemoryBytes(2L << 30)
                                .setHypervisor("qemu")
                                .addFindings(failed()))
                .build();
    }

    @Override
    public CheckResponse check(CheckRequest request) {
        if (request.getNoDisksCount() > 0 || request.getCopyMedia()) {
            calls.add("check " + request.getNoDisksList() + " " + request.getCopyMedia());
        }
        CheckResponse.Builder response =
                CheckResponse.newBuilder()
                        .addFindings(
                                Finding.newBuilder()
                                        .setCode("kernel")
                                        .setPassed(true)
                                        .setProblem("kernel 6.18 has what is needed"));
        if (request.getDomainsList().contains("db1")) {
            response.addFindings(failed());
        }
        return response.build();
    }

    @Override
    public ProtectResponse protect(ProtectRequest request) {
        calls.add("protect " + request.getDomainsList() + " " + request.getFailover());
        if (request.getNoDisksCount() > 0 || request.getCopyMedia()) {
            calls.add("disks " + request.getNoDisksList() + " " + request.getCopyMedia());
        }
        if (request.getHost().equals("nowhere")) {
            throw new DomainException(
                    "unknown-host", "no peer is named nowhere", "add it to peers");
        }
        if (request.getHost().equals("bug")) {
            throw new IllegalStateException("this was never thought of");
        }
        String group = request.getGroup();
        return ProtectResponse.newBuilder()
                .setGroup(group.isEmpty() ? request.getDomains(0) : group)
                .addAllWarnings(request.getNoDisksList().stream().map(d -> d + " is lost").toList())
                .build();
    }

    @Override
    public UnprotectResponse unprotect(UnprotectRequest request) {
        calls.add("unprotect " + request.getGroup() + " force=" + request.getForce());
        return UnprotectResponse.newBuilder().setOutcome(request.getGroup() + " runs on").build();
    }

    @Override
    public synchronized StatusResponse status(StatusRequest request) {
        calls.add("status");
        StatusResponse.Builder response =
                StatusResponse.newBuilder().setHost("hostA").setTimeUnixMillis(1_000_000);
        GroupStatus now = states.size() > 1 ? states.remove() : states.peek();
        return now == null ? response.build() : response.addGroups(now).build();
    }

    @Override
    public TuneResponse tune(TuneRequest request) {
        calls.add("tune " + request.getGroup());
        return TuneResponse.newBuilder().setIntervalNanos(request.getIntervalNanos()).build();
    }

    @Override
    public FailoverResponse failover(FailoverRequest request) {
        calls.add("failover " + request.getGroup());
        return FailoverResponse.newBuilder().setOutcome("web1 runs here").build();
    }

    @Override
    public void close() {
        calls.add("close");
    }

    private static Finding.Builder failed() {
        return Finding.newBuilder()
                .setCode("shared-memory")
                .setProblem("the memory of db1 is private")
                .setCorrection("start it with memory-backend-memfd,share=on");
    }
}
