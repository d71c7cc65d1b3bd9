package remus.agent.engine;

import java.util.ArrayList;
import java.util.List;
import remus.domain.Domain;
import remus.domain.DomainException;
import remus.domain.Finding;
import remus.primary.Offers;
import remus.primary.ProtectionSettings;
import remus.protocol.Identities;
import remus.protocol.wire.Offer;

/** Examines every condition of a protection on both hosts; changes nothing. */
final class Preflight {
    private final LocalHost host;

    Preflight(LocalHost host) {
        this.host = host;
    }

    List<Finding> run(ProtectionSettings settings) {
        List<Finding> findings = new ArrayList<>();
        findings.add(host.examineWitness());
        List<Domain> domains = new ArrayList<>();
        try {
            for (String name : settings.domains()) {
                Domain domain = host.qemu(settings.unsafe()).open(name, settings.disks().of(name));
                domains.add(domain);
                findings.addAll(domain.preflight());
            }
            if (findings.stream().allMatch(Finding::passed)) {
                Offer offer =
                        Offers.of(
                                settings,
                                domains,
                                host.witness() == null ? null : host.identity(),
                                true);
                findings.addAll(
                        DryRun.ask(
                                host, settings.peer(), Identities.of(settings.uuid(), 0), offer));
            }
        } catch (DomainException e) {
            findings.add(Finding.fail(e.code(), String.valueOf(e.getMessage()), e.correction()));
        } finally {
            domains.forEach(Domain::close);
        }
        return findings;
    }

    static remus.agent.api.Finding message(Finding finding) {
        return remus.agent.api.Finding.newBuilder()
                .setCode(finding.code())
                .setPassed(finding.passed())
                .setProblem(finding.problem())
                .setCorrection(finding.correction())
                .build();
    }
}
