package remus.backup;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import remus.ha.Mailbox;

/** What operators ask of a group at its backup, and when they are answered. */
public final class OperatorDesk {
    private final BackupHost host;
    private final Mailbox mailbox;
    private final BackupCore core;
    private final BackupMeter meter;

    /** Who waits for the outcome of a failover; the conductor's own. */
    private final List<CompletableFuture<String>> failovers = new ArrayList<>();

    OperatorDesk(BackupHost host, Mailbox mailbox, BackupCore core, BackupMeter meter) {
        this.host = host;
        this.mailbox = mailbox;
        this.core = core;
        this.meter = meter;
    }

    /**
     * Runs the group here. Answered when it runs, or cannot: after the witness's answer if there is
     * one. Any thread may call it.
     *
     * @param force the operator vouches that the primary is lost: the witness is not asked
     */
    public CompletableFuture<String> failover(boolean force) {
        CompletableFuture<String> answer = new CompletableFuture<>();
        mailbox.post(
                () -> {
                    failovers.add(answer);
                    meter.suspectedSince = host.nanoTime();
                    answer(() -> core.failover(force, host.nanoTime()));
                });
        return answer;
    }

    /** What the witness was asked for is decided. */
    void decided() {
        if (!failovers.isEmpty()) {
            answer(core::outcome);
        }
    }

    private void answer(Supplier<String> outcome) {
        try {
            String said = outcome.get();
            if (!core.isClaiming()) {
                failovers.forEach(asked -> asked.complete(said));
                failovers.clear();
            }
        } catch (RuntimeException e) {
            failovers.forEach(asked -> asked.completeExceptionally(e));
            failovers.clear();
        }
    }

    /** Lets go of the group. Any thread may call it. */
    public CompletableFuture<String> unprotect() {
        return mailbox.ask(() -> core.unprotect(host.nanoTime()));
    }

    /** This agent ends: gives up a copy that would end with it. Any thread may call it. */
    public CompletableFuture<String> leave() {
        return mailbox.ask(() -> core.leave(host.nanoTime()));
    }
}
