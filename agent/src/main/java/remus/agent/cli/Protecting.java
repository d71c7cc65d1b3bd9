package remus.agent.cli;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import remus.agent.api.GroupStatus;
import remus.agent.api.ProtectRequest;
import remus.agent.api.ProtectResponse;
import remus.agent.api.StatusResponse;
import remus.agent.api.UnprotectRequest;
import remus.agent.api.UnprotectResponse;
import remus.domain.DomainException;

/**
 * Starts a protection and follows it until the first acknowledged checkpoint, its end, or {@link
 * #cancel}.
 */
final class Protecting {
    private static final Duration LOOK_EVERY = Duration.ofMillis(100);

    /** An agent that dies is restarted by its supervisor well within this. */
    private static final Duration AGENT_ABSENCE = Duration.ofSeconds(10);

    private static final Set<String> ENDED = Set.of("UNPROTECTED", "SUPERSEDED", "OFF");

    private final AgentClient client;
    private final Console console;
    private final CompletableFuture<String> group = new CompletableFuture<>();
    private final AtomicBoolean decided = new AtomicBoolean();
    private final CountDownLatch cancelled = new CountDownLatch(1);

    Protecting(AgentClient client, Console console) {
        this.client = client;
        this.console = console;
    }

    /** Returns the exit code; after {@link #cancel} the one of an interrupted command. */
    int run(ProtectRequest request) throws InterruptedException {
        ProtectResponse begun;
        try {
            begun = client.call("Protect", request, ProtectResponse.parser(), AgentClient.ACT);
        } catch (DomainException refused) {
            decided.set(true);
            group.completeExceptionally(refused);
            throw refused;
        }
        String name = begun.getGroup();
        group.complete(name);
        begun.getWarningsList()
                .forEach(text -> console.err().println("warning: " + Table.clean(text)));
        Progress progress = new Progress(console, name);
        long lastAnswerNanos = System.nanoTime();
        do {
            StatusResponse status;
            try {
                status = StatusCommand.status(client, name);
                lastAnswerNanos = System.nanoTime();
            } catch (DomainException absent) {
                boolean patient =
                        System.nanoTime() - lastAnswerNanos < AGENT_ABSENCE.toNanos()
                                && absent.code().startsWith("agent-");
                if (patient) {
                    continue;
                }
                if (!decided.compareAndSet(false, true)) {
                    break;
                }
                throw absent;
            }
            GroupStatus now =
                    status.getGroupsCount() == 0
                            ? GroupStatus.getDefaultInstance()
                            : status.getGroups(0);
            progress.show(now);
            if (now.getState().equals("PROTECTED") && decided.compareAndSet(false, true)) {
                progress.done(now);
                return ExitCode.OK;
            }
            if (ENDED.contains(now.getState()) && decided.compareAndSet(false, true)) {
                progress.end();
                throw new DomainException(
                        now.getReasonCode().isEmpty() ? "not-protected" : now.getReasonCode(),
                        name + " is " + now.getState() + ": " + now.getReason(),
                        now.getCorrection().isEmpty()
                                ? "see `remus check` and the agent's log; the guests run on"
                                        + " unprotected"
                                : now.getCorrection());
            }
        } while (!cancelled.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS));
        return ExitCode.INTERRUPTED;
    }

    /** Undoes what {@link #run} began; returns when the guests are as they were. */
    void cancel() {
        if (!decided.compareAndSet(false, true)) {
            return;
        }
        cancelled.countDown();
        try {
            String name = group.get(AgentClient.ACT.toSeconds(), TimeUnit.SECONDS);
            console.err().println();
            console.err().println("cancelling the protection of " + name + " ...");
            UnprotectResponse response =
                    client.call(
                            "Unprotect",
                            UnprotectRequest.newBuilder().setGroup(name).setForce(true).build(),
                            UnprotectResponse.parser(),
                            AgentClient.ACT);
            console.err()
                    .println(
                            "cancelled; the guest is as it was: "
                                    + Table.clean(response.getOutcome()));
        } catch (DomainException refused) {
            console.refuse(refused);
            console.err()
                    .println(
                            "the protection was not cancelled: see `remus status`, then `remus"
                                    + " unprotect`");
        } catch (ExecutionException refused) {
            console.err().println("nothing was begun");
        } catch (InterruptedException | TimeoutException late) {
            console.err().println("the agent did not say whether it began: see `remus status`");
        }
    }
}
