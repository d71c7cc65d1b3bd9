package remus.agent.control;

import java.util.List;
import java.util.regex.Pattern;
import remus.agent.api.CheckRequest;
import remus.agent.api.ProtectRequest;
import remus.agent.api.TuneRequest;
import remus.domain.DiskSelection;
import remus.domain.DomainException;

/** Bounds of what arrives from outside. Names end up in file names, so they hold nothing else. */
final class RequestRules {
    static final int MAX_MEMBERS = 64;
    static final int MAX_DISKS = 64;
    static final long MIN_INTERVAL_NANOS = 1_000_000;
    static final long MAX_INTERVAL_NANOS = 10_000_000_000L;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern SOCKET = Pattern.compile("/[^\\p{Cntrl}]{1,255}");
    private static final List<String> DISK_MODE = List.of("auto", "mirror", "boot-time");
    private static final Pattern DISK = Pattern.compile("[^\\p{Cntrl}]{1,256}");
    private static final List<String> FAILOVER =
            List.of("manual", "automatic", "automatic-without-witness");

    private RequestRules() {}

    static CheckRequest examine(CheckRequest request) {
        domains(request.getDomainsList());
        name("host", request.getHost());
        disks(request.getNoDisksList(), request.getDomainsList());
        return request;
    }

    static ProtectRequest examine(ProtectRequest request) {
        domains(request.getDomainsList());
        name("host", request.getHost());
        disks(request.getNoDisksList(), request.getDomainsList());
        if (!request.getGroup().isEmpty()) {
            name("group", request.getGroup());
        } else if (request.getDomainsCount() > 1) {
            throw new DomainException(
                    "invalid-group",
                    request.getDomainsCount()
                            + " domains are to be protected, without a name for their group",
                    "name the group, for instance --group shop");
        }
        if (request.getIntervalNanos() != 0) {
            interval(request.getIntervalNanos());
        }
        if (!request.getFailover().isEmpty() && !FAILOVER.contains(request.getFailover())) {
            throw new DomainException(
                    "invalid-failover",
                    "failover is \""
                            + shown(request.getFailover())
                            + "\", allowed are "
                            + String.join(", ", FAILOVER),
                    "use --failover manual");
        }
        if (request.getFailover().equals("automatic-without-witness") && !request.getUnsafe()) {
            throw new DomainException(
                    "unsafe-failover",
                    "without a witness a broken link between the hosts looks like a lost primary:"
                            + " two copies of the guest may then run",
                    "use --failover manual, or accept that with --unsafe");
        }
        if (!request.getDisk().isEmpty() && !DISK_MODE.contains(request.getDisk())) {
            throw new DomainException(
                    "invalid-disk-mode",
                    "disk is \""
                            + shown(request.getDisk())
                            + "\", allowed are "
                            + String.join(", ", DISK_MODE),
                    "use --disk auto");
        }
        return request;
    }

    static TuneRequest examine(TuneRequest request) {
        name("group", request.getGroup());
        interval(request.getIntervalNanos());
        return request;
    }

    /** Returns the name. */
    static String name(String what, String name) {
        if (!NAME.matcher(name).matches()) {
            throw new DomainException(
                    "invalid-" + what,
                    "the " + what + " is \"" + shown(name) + "\"",
                    "give 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit");
        }
        return name;
    }

    private static void domains(List<String> domains) {
        if (domains.isEmpty() || domains.size() > MAX_MEMBERS) {
            throw new DomainException(
                    "invalid-domain",
                    domains.size() + " domains are given, allowed are 1 to " + MAX_MEMBERS,
                    "name the domains; `remus domains` lists them");
        }
        for (String domain : domains) {
            if (!SOCKET.matcher(domain).matches()) {
                name("domain", domain);
            }
        }
        if (domains.stream().distinct().count() < domains.size()) {
            throw new DomainException(
                    "invalid-domain",
                    "a domain is given twice: " + String.join(", ", domains),
                    "name each domain once");
        }
    }

    /** A disk that is left out must be meant: of one domain of the request, and no other. */
    private static void disks(List<String> disks, List<String> domains) {
        if (disks.size() > MAX_DISKS) {
            throw new DomainException(
                    "invalid-disk",
                    disks.size() + " disks are left out, allowed are " + MAX_DISKS,
                    "use --no-disk all");
        }
        for (String disk : disks) {
            boolean ofOne = domains.stream().anyMatch(domain -> disk.startsWith(domain + "/"));
            boolean bare = !disk.contains("/") && domains.size() == 1;
            boolean every = disk.equals(DiskSelection.EVERY);
            if (!DISK.matcher(disk).matches() || !(ofOne || bare || every)) {
                throw new DomainException(
                        "invalid-disk",
                        "the disk is \"" + shown(disk) + "\"",
                        "write DOMAIN/DISK with a domain of this group, the disk's name alone if it"
                            + " has one domain only, or all; `remus status -o json` shows names");
            }
        }
    }

    private static void interval(long nanos) {
        if (nanos < MIN_INTERVAL_NANOS || nanos > MAX_INTERVAL_NANOS) {
            throw new DomainException(
                    "invalid-interval",
                    "the interval is " + nanos + " ns, allowed are 1ms to 10s",
                    "choose an interval between 1ms and 10s; 25ms to 200ms are usual");
        }
    }

    private static String shown(String text) {
        String clean = text.replaceAll("\\p{Cntrl}", "?");
        return clean.length() <= 80 ? clean : clean.substring(0, 77) + "...";
    }
}
