package remus.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What goes wrong and when, as text: one fault a line, such as {@code at 1200ms kill primary-agent
 * for 300ms}.
 */
record FaultPlan(List<Fault> faults) {
    private static final Pattern LINE = Pattern.compile("at (\\d+)ms (.+?)(?: for (\\d+)ms)?");

    /** Calls in which an agent may die. */
    private static final List<String> PRIMARY_POINTS =
            List.of(
                    "before suspend",
                    "after suspend",
                    "after save",
                    "before copy",
                    "after copy",
                    "before preresume",
                    "after preresume",
                    "before resume",
                    "after resume",
                    "before stage",
                    "before commit",
                    "after commit",
                    "before record",
                    "after record",
                    "before attach",
                    "after attach",
                    "before detach",
                    "after detach",
                    "before release",
                    "before retire",
                    "after retire",
                    "before forget",
                    "after forget",
                    "before open",
                    "before precopy",
                    "before arm");

    private static final List<String> BACKUP_POINTS =
            List.of(
                    "before record",
                    "after record",
                    "before apply",
                    "before devices",
                    "before load",
                    "after load",
                    "before run",
                    "after run",
                    "before create",
                    "before close",
                    "before forget");

    /** Each may be drawn as often as it stands here; "N" stands for a duration. */
    private static final List<String> CHOICES =
            List.of(
                    "kill primary-agent for N",
                    "kill primary-agent for N",
                    "kill backup-agent for N",
                    "kill backup-agent for N",
                    "crash primary-agent P for N",
                    "crash primary-agent P for N",
                    "crash backup-agent B for N",
                    "crash backup-agent B for N",
                    "kill primary-host",
                    "kill backup-host",
                    "stop primary-agent for N",
                    "stop backup-agent for N",
                    "cut link for N",
                    "cut link for N",
                    "cut link for N",
                    "cut to-backup for N",
                    "cut to-primary for N",
                    "reset connections",
                    "reset connections",
                    "slow link for N",
                    "fail suspend",
                    "fail save",
                    "fail harvest",
                    "fail copy",
                    "fail stage",
                    "fail precopy",
                    "fail attach",
                    "fail open",
                    "fail load",
                    "fail apply",
                    "fail create",
                    "foreign-resume save",
                    "foreign-resume harvest",
                    "foreign-resume copy",
                    "pause guest for N",
                    "shut guest down",
                    "reboot guest",
                    "kill guest",
                    "change config",
                    "kill standby",
                    "operator failover",
                    "operator failover",
                    "operator unprotect",
                    "operator unprotect-backup",
                    "operator tune");

    /** What may go wrong with disks, beside the rest; drawn apart, so that old seeds stay. */
    private static final List<String> DISK_CHOICES =
            List.of(
                    "fail mirror",
                    "fail disk-commit",
                    "fail open-images",
                    "crash primary-agent before take for N",
                    "crash primary-agent before copy-disks for N",
                    "crash backup-agent before seed-image for N",
                    "crash backup-agent before append for N",
                    "crash backup-agent before disk-commit for N",
                    "crash backup-agent after disk-commit for N",
                    "crash backup-agent before activate-disks for N",
                    "crash backup-agent before digests for N");

    /** What may go wrong with the witness, beside the rest; drawn apart. */
    private static final List<String> WITNESS_CHOICES =
            List.of(
                    "witness stops for N",
                    "witness stops for N",
                    "witness loses an answer",
                    "witness loses an answer",
                    "witness cut from primary for N",
                    "witness cut from backup for N",
                    "cut link for N",
                    "cut link for N",
                    "kill primary-host",
                    "kill backup-host",
                    "kill primary-agent for N",
                    "kill backup-agent for N",
                    "stop primary-agent for N",
                    "stop backup-agent for N",
                    "crash primary-agent before witness for N",
                    "crash backup-agent before witness for N");

    /** One fault; {@code forNanos} is 0 where nothing lasts. */
    record Fault(long atNanos, String what, long forNanos) {
        @Override
        public String toString() {
            String text = "at " + atNanos / 1_000_000 + "ms " + what;
            return forNanos == 0 ? text : text + " for " + forNanos / 1_000_000 + "ms";
        }
    }

    static FaultPlan parse(String... lines) {
        List<Fault> faults = new ArrayList<>();
        for (String line : lines) {
            Matcher matcher = LINE.matcher(line.strip());
            if (!matcher.matches()) {
                throw new IllegalArgumentException("fault: " + line);
            }
            String lasting = matcher.group(3);
            faults.add(
                    new Fault(
                            Long.parseLong(matcher.group(1)) * 1_000_000,
                            matcher.group(2),
                            lasting == null ? 0 : Long.parseLong(lasting) * 1_000_000));
        }
        return new FaultPlan(faults);
    }

    static FaultPlan of(Random random) {
        int count = random.nextInt(5);
        String[] lines = new String[count];
        for (int i = 0; i < count; i++) {
            int at = random.nextInt(4) == 0 ? random.nextInt(60) : random.nextInt(2500);
            lines[i] = "at " + at + "ms " + draw(CHOICES, random);
        }
        FaultPlan plan = parse(lines);
        plan.faults.sort(Comparator.comparingLong(Fault::atNanos));
        return plan;
    }

    static FaultPlan ofDisks(Random random) {
        if (random.nextInt(3) > 0) {
            return new FaultPlan(List.of());
        }
        int at = random.nextInt(4) == 0 ? random.nextInt(60) : random.nextInt(2500);
        return parse("at " + at + "ms " + draw(DISK_CHOICES, random));
    }

    static FaultPlan ofWitness(Random random) {
        String[] lines = new String[random.nextInt(4)];
        for (int i = 0; i < lines.length; i++) {
            int at = random.nextInt(4) == 0 ? random.nextInt(60) : random.nextInt(2500);
            lines[i] = "at " + at + "ms " + draw(WITNESS_CHOICES, random);
        }
        return parse(lines);
    }

    FaultPlan with(FaultPlan others) {
        List<Fault> all = new ArrayList<>(faults);
        all.addAll(others.faults);
        all.sort(Comparator.comparingLong(Fault::atNanos));
        return new FaultPlan(all);
    }

    private static String draw(List<String> choices, Random random) {
        int most = random.nextBoolean() ? 150 : 1500;
        return pick(choices, random)
                .replace("for N", String.format(Locale.ROOT, "for %dms", 1 + random.nextInt(most)))
                .replace("-agent P", "-agent " + pick(PRIMARY_POINTS, random))
                .replace("-agent B", "-agent " + pick(BACKUP_POINTS, random));
    }

    private static String pick(List<String> choices, Random random) {
        return choices.get(random.nextInt(choices.size()));
    }

    long endNanos() {
        return faults.stream().mapToLong(fault -> fault.atNanos + fault.forNanos).max().orElse(0);
    }

    boolean has(String what) {
        return faults.stream().anyMatch(fault -> fault.what.startsWith(what));
    }

    @Override
    public String toString() {
        return Arrays.stream(faults.toArray())
                .map(Object::toString)
                .collect(Collectors.joining("\n"));
    }
}
