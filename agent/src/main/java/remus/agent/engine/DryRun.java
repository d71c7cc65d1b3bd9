package remus.agent.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import remus.domain.DomainException;
import remus.domain.Finding;
import remus.primary.PrimaryHost;
import remus.primary.ProtectionSettings;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.PeerLink;
import remus.protocol.Versions;
import remus.protocol.wire.Accepted;
import remus.protocol.wire.Channel;
import remus.protocol.wire.Hello;
import remus.protocol.wire.Identity;
import remus.protocol.wire.Offer;
import remus.protocol.wire.Refused;

/** Asks a backup what it thinks of an offer, without making anything of it. */
final class DryRun implements PeerLink.Listener {
    private static final long PATIENCE_SECONDS = 10;

    private final Identity identity;
    private final Offer offer;
    private final CompletableFuture<List<Finding>> answer = new CompletableFuture<>();

    private DryRun(Identity identity, Offer offer) {
        this.identity = identity;
        this.offer = offer;
    }

    /** The backup's findings; one failed finding if it does not answer. */
    static List<Finding> ask(
            PrimaryHost host, ProtectionSettings.PeerAddress peer, Identity identity, Offer offer) {
        DryRun run = new DryRun(identity, offer);
        host.dial(
                peer,
                Channel.DATA,
                run,
                run::hello,
                reason ->
                        run.fail(
                                "backup-unreachable",
                                "no agent answers at " + peer + ": " + reason));
        try {
            return run.answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            return List.of(unreachable("the agent at " + peer + " does not answer"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DomainException(
                    "interrupted", "the preflight was interrupted", "run it again", e);
        }
    }

    private static Finding unreachable(String problem) {
        return Finding.fail(
                "backup-unreachable",
                problem,
                "start `remus agent` on the backup, or correct its address under `peers`");
    }

    private void hello(PeerLink link) {
        link.send(
                Frame.of(
                        FrameType.HELLO,
                        Versions.OURS
                                .offer(Hello.newBuilder())
                                .setChannel(Channel.DATA)
                                .setIdentity(identity)
                                .build()));
    }

    private void fail(String code, String problem) {
        answer.complete(
                List.of(
                        code.equals("backup-unreachable")
                                ? unreachable(problem)
                                : Finding.fail(
                                        code, problem, "see the log of the backup's agent")));
    }

    @Override
    public void onFrame(PeerLink link, Frame frame) {
        frame.release();
        switch (frame.type()) {
            case WELCOME -> link.send(Frame.of(FrameType.OFFER, offer));
            case ACCEPTED -> {
                List<Finding> findings = new ArrayList<>();
                frame.header(Accepted.class)
                        .getChecksList()
                        .forEach(
                                check ->
                                        findings.add(
                                                new Finding(
                                                        check.getCode(),
                                                        check.getPassed(),
                                                        check.getProblem(),
                                                        check.getCorrection())));
                answer.complete(findings);
                link.close();
            }
            case REFUSED -> {
                Refused refused = frame.header(Refused.class);
                answer.complete(
                        List.of(
                                Finding.fail(
                                        refused.getCode(),
                                        refused.getProblem(),
                                        refused.getCorrection())));
                link.close();
            }
            default -> fail("protocol-error", "the backup answered with " + frame.type());
        }
    }

    @Override
    public void onClosed(PeerLink link, String reason) {
        fail("backup-unreachable", "the agent hung up: " + reason);
    }
}
