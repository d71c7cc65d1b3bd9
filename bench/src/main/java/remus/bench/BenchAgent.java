package remus.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import remus.agent.api.ProtectRequest;
import remus.agent.api.TuneRequest;
import remus.agent.api.UnprotectRequest;
import remus.agent.config.AgentConfig;
import remus.agent.engine.Engine;
import remus.diskbuf.DiskBuffer.Progress;
import remus.domain.DomainException;
import remus.primary.EpochTimeline;
import remus.primary.GroupState;
import remus.primary.PrimaryGroup;
import remus.primary.PrimaryView;

/**
 * The engine of an agent, driven line by line from standard input, so that a script gets at the
 * timelines, which the control API only summarises. Each command is answered by lines of {@code
 * NAME=VALUE} or {@code lap ...}, the last of them {@code ok ...} or {@code error ...}.
 *
 * <pre>
 * protect DOMAIN HOST NANOS   until the first epoch is acknowledged; what went over `rep0` meanwhile;
 *                             the copy of the disks, until that of the memory begins
 * tune NANOS                  the interval, without the bounds of the control API
 * state                       epochs, clock lag
 * laps FROM                   acknowledged epochs from number FROM on: epoch, suspend, save, harvest,
 *                             copy, resume, pages, bytes, ack (nanoseconds), begin
 * memory                      heap and resident bytes of this process
 * unprotect
 * </pre>
 */
public final class BenchAgent {
    private static final String LINK = "rep0:";
    private static final long SAMPLE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long PROTECT_NANOS = TimeUnit.SECONDS.toNanos(120);
    private static final long NOTICEABLE_BYTES = 1 << 20;

    private final Engine engine;
    private final PrintStream out;
    private String group = "";

    private BenchAgent(Engine engine, PrintStream out) {
        this.engine = engine;
        this.out = out;
    }

    /** Takes the path of an agent's configuration; ends with standard input. */
    public static void main(String[] arguments) throws Exception {
        Engine engine = new Engine(AgentConfig.load(Path.of(arguments[0])));
        engine.adopt();
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BenchAgent bench = new BenchAgent(engine, out);
        out.println("ok ready");
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try {
            String line = in.readLine();
            while (line != null) {
                bench.obey(line.split(" ", -1));
                line = in.readLine();
            }
        } finally {
            engine.close();
        }
    }

    private void obey(String[] words) throws IOException {
        try {
            switch (words[0]) {
                case "protect" -> protect(words[1], words[2], Long.parseLong(words[3]));
                case "tune" -> tune(Long.parseLong(words[1]));
                case "state" -> state();
                case "laps" -> laps(Long.parseLong(words[1]));
                case "memory" -> memory();
                case "unprotect" -> unprotect();
                default -> out.println("error unknown command " + words[0]);
            }
        } catch (DomainException e) {
            out.println("error " + e.code() + ": " + e.getMessage() + "; " + e.correction());
        }
    }

    private void protect(String domain, String host, long intervalNanos) throws IOException {
        group =
                engine.protect(
                                ProtectRequest.newBuilder()
                                        .addDomains(domain)
                                        .setHost(host)
                                        .setIntervalNanos(intervalNanos)
                                        .build())
                        .getGroup();
        long before = transmittedBytes();
        long deadline = System.nanoTime() + PROTECT_NANOS;
        long first = 0;
        long firstBytes = 0;
        long seeding = 0;
        long disksCopied = 0;
        PrimaryView view = view();
        while (view.state() != GroupState.PROTECTED
                && !view.state().isFinal()
                && System.nanoTime() < deadline) {
            LockSupport.parkNanos(SAMPLE_NANOS);
            view = view();
            if (seeding == 0 && view.state() == GroupState.SEEDING) {
                seeding = view.sinceNanos();
            }
            if (disksCopied == 0 && view.seedBytes() > ofDisks(view, Progress::copiedBytes)) {
                disksCopied = System.nanoTime();
            }
            if (first == 0) { // from then on the cores are the first copy's
                long bytes = transmittedBytes();
                if (bytes - before > NOTICEABLE_BYTES) {
                    first = System.nanoTime();
                    firstBytes = bytes;
                }
            }
        }
        long last = System.nanoTime();
        if (view.state() != GroupState.PROTECTED) {
            out.println("error " + view.state() + ": " + view.reason().text());
            return;
        }
        out.printf(
                Locale.ROOT,
                "ok seedNanos=%d seedWireBytes=%d seedCopiedBytes=%d diskNanos=%d diskBytes=%d"
                        + " protectNanos=%d%n",
                last - first,
                transmittedBytes() - firstBytes,
                view.seedBytes(),
                disksCopied - seeding,
                ofDisks(view, Progress::sentBytes),
                last - seeding);
    }

    private static long ofDisks(PrimaryView view, ToLongFunction<Progress> bytes) {
        return view.members().stream()
                .flatMap(member -> member.disks().stream())
                .mapToLong(bytes)
                .sum();
    }

    /** What this network namespace sent over the replication link. */
    private static long transmittedBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/net/dev"))) {
            String row = line.trim();
            if (row.startsWith(LINK)) {
                return Long.parseLong(row.substring(LINK.length()).trim().split(" +", -1)[8]);
            }
        }
        return 0;
    }

    private PrimaryGroup primary() {
        @Nullable PrimaryGroup primary = engine.primary(group);
        if (primary == null) {
            throw new DomainException("unknown-group", "nothing is protected", "say `protect`");
        }
        return primary;
    }

    private PrimaryView view() {
        return primary().view();
    }

    private void tune(long intervalNanos) {
        engine.tune(
                TuneRequest.newBuilder().setGroup(group).setIntervalNanos(intervalNanos).build());
        out.println("ok");
    }

    private void state() {
        PrimaryView view = view();
        out.printf(
                Locale.ROOT,
                "ok state=%s nanos=%d epoch=%d ackedEpoch=%d missedTicks=%d lagNanos=%d%n",
                view.state(),
                System.nanoTime(),
                view.epoch(),
                view.ackedEpoch(),
                view.missedTicks(),
                view.members().stream()
                        .mapToLong(PrimaryView.MemberView::clockLagNanos)
                        .max()
                        .orElse(0));
    }

    private void laps(long from) {
        primary().timelines().newestAcked().filter(lap -> lap.epoch() >= from).forEach(this::lap);
        out.println("ok");
    }

    private void lap(EpochTimeline lap) {
        out.printf(
                Locale.ROOT,
                "lap %d %d %d %d %d %d %d %d %d %d%n",
                lap.epoch(),
                lap.suspendNanos(),
                lap.saveNanos(),
                lap.harvestNanos(),
                lap.copyNanos(),
                lap.resumeNanos(),
                lap.dirtyPages(),
                lap.bytes(),
                lap.ackNanos(),
                lap.beginNanos());
    }

    private void memory() throws IOException {
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        long direct = 0;
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            direct += pool.getMemoryUsed();
        }
        long resident = 0;
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                resident = Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        out.printf(
                Locale.ROOT,
                "ok heapUsedBytes=%d heapCommittedBytes=%d directBytes=%d residentBytes=%d%n",
                heap.getUsed(),
                heap.getCommitted(),
                direct,
                resident);
    }

    private void unprotect() {
        String outcome =
                engine.unprotect(UnprotectRequest.newBuilder().setGroup(group).build())
                        .getOutcome();
        out.println("ok " + outcome);
    }
}
